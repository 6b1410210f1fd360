"""Serve a site on this machine until somebody stops it: for the commands that show pages."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

from workshop.course import CourseError


def serve(site: Any, port: int, ready: Callable[[str], None], page: str = "") -> None:
    """Serve a Site of twisted.web on 127.0.0.1 until Ctrl-C or SIGTERM.

    Args:
        port: The port; 0 for a free one.
        ready: Called with the page's address, once it can be requested.

    Raises:
        CourseError: The port is taken.
    """
    from twisted.internet import reactor
    from twisted.internet.error import CannotListenError

    # Twisted's own types do not agree on it.
    listening: Any
    try:
        listening = reactor.listenTCP(port, site, interface="127.0.0.1")
    except CannotListenError as error:
        raise CourseError(f"Port {port} is not available: {error.socketError}.") from None
    # Twisted ends on these signals only if nothing else handles them, and this tool's command line does.
    for name in ("SIGINT", "SIGTERM"):
        number = getattr(signal, name)
        signal.signal(number, signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)
    reactor.callWhenRunning(ready, f"http://127.0.0.1:{listening.getHost().port}/{page}")
    reactor.run()
