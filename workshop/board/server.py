"""The board's server: pairs post to one secret address, and whoever has the other one sees the page."""

from __future__ import annotations

import secrets
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.web import pages
from twisted.web.error import UnsupportedMethod
from twisted.web.resource import Resource

from workshop.board import folder as shared
from workshop.board.limits import MOST_OPEN, Server
from workshop.board.message import BadMessage, parse
from workshop.board.page import page
from workshop.board.rows import Refused, Row, Rows

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""What a secret that people copy is made of: nothing that looks like something else."""
HERE = Path(__file__).parent
HEADERS = {
    b"Cache-Control": b"no-store",
    b"Content-Security-Policy": b"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'",
    b"Referrer-Policy": b"no-referrer",
    b"X-Content-Type-Options": b"nosniff",
}


class Part(Resource):
    """A resource that answers in a few words whatever it does not have. Twisted's own pages would repeat the address."""

    def getChild(self, path: bytes, request: Any) -> Any:
        """There is nothing below it but what was put there."""
        return pages.notFound()

    def render(self, request: Any) -> Any:
        """Answer the request, if it has a method for that."""
        try:
            return super().render(request)
        except UnsupportedMethod as error:
            request.setHeader(b"Allow", b", ".join(error.allowedMethods))
            request.setResponseCode(405)
            return b""


class Page(Part):
    """The page, and below it its style and script."""

    def __init__(self, rows: Callable[[], list[Row]]) -> None:
        super().__init__()
        self._rows = rows
        self.putChild(b"", self)
        self.putChild(b"page.css", File("page.css", b"text/css"))
        self.putChild(b"page.js", File("page.js", b"text/javascript"))

    def render_GET(self, request: Any) -> bytes:
        """Show the rows."""
        if not request.path.endswith(b"/"):
            # Relative, so that it works behind a proxy's prefix.
            request.redirect(request.prepath[-1] + b"/")
            return b""
        for name, value in HEADERS.items():
            request.setHeader(name, value)
        request.setHeader(b"Content-Type", b"text/html; charset=utf-8")
        return page(self._rows()).encode()


class File(Part):
    """A file from beside this one, read once."""

    def __init__(self, name: str, kind: bytes) -> None:
        super().__init__()
        self._data, self._kind = (HERE / name).read_bytes(), kind

    def render_GET(self, request: Any) -> bytes:
        """Send it."""
        request.setHeader(b"Content-Type", self._kind + b"; charset=utf-8")
        request.setHeader(b"X-Content-Type-Options", b"nosniff")
        return self._data


class Post(Part):
    """Where pairs post their messages. A DELETE with a message's id below it removes the row."""

    def __init__(self, rows: Rows) -> None:
        super().__init__()
        self._rows = rows

    def getChild(self, path: bytes, request: Any) -> Any:
        """Return what one pair's DELETE is for."""
        return Gone(self._rows, path.decode("latin-1"))

    def render_POST(self, request: Any) -> bytes:
        """Take a message. The answer has no content, or says in a line why the message is refused."""
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        try:
            self._rows.put(parse(request.content.read()))
        except BadMessage as error:
            request.setResponseCode(400)
            return f"{error}\n".encode()
        except Refused as error:
            request.setResponseCode(error.code)
            return f"{error}\n".encode()
        request.setResponseCode(204)
        return b""


class Gone(Part):
    """One pair's row, to be removed."""

    isLeaf = True

    def __init__(self, rows: Rows, id_: str) -> None:
        super().__init__()
        self._rows, self._id = rows, id_

    def render_DELETE(self, request: Any) -> bytes:
        """Forget the pair. Nobody but the pair knows the id."""
        self._rows.remove(self._id)
        request.setResponseCode(204)
        return b""


class Board:
    """A board's resources below its secrets: ``view`` is the page's path; ``post`` is where pairs post, or "".

    Args:
        rows: The rows; or a function that returns those of a shared folder, to which pairs do not post.
    """

    def __init__(self, rows: Rows | Callable[[], list[Row]]) -> None:
        self.root = Part()
        secret = secrets.token_urlsafe(16)
        self.view, self.post = f"{secret}/", ""
        self.root.putChild(secret.encode(), Page(rows.rows if isinstance(rows, Rows) else rows))
        if isinstance(rows, Rows):
            self.post = "".join(secrets.choice(LETTERS) for _ in range(10))
            self.root.putChild(self.post.encode(), Post(rows))


def serve(
    folder: Path | None, port: int, network: bool, ready: Callable[[int, Board], None]
) -> None:
    """Serve a board until Ctrl-C or SIGTERM.

    Args:
        folder: The shared folder that has the rows; None if pairs post them.
        port: The port; 0 for a free one.
        network: Whether other machines reach it, too.
        ready: Called with the port and the board, once it can be reached.

    Raises:
        CannotListenError: The port is taken.
    """
    from twisted.internet import reactor as installed

    reactor: Any = installed
    board = Board((lambda: shared.rows(folder, time.time())) if folder else Rows(reactor.seconds))
    site = Server(board.root, reactor)
    site.noisy = False
    # With a shorter queue than a class is large, the system drops attempts to connect, which are repeated a second later.
    interface = "" if network else "127.0.0.1"
    listening = reactor.listenTCP(port, site, backlog=MOST_OPEN, interface=interface)
    # Twisted ends on these signals only if nothing else handles them, and this tool's command line does.
    for name in ("SIGINT", "SIGTERM"):
        number = getattr(signal, name)
        signal.signal(number, signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)
    reactor.callWhenRunning(ready, listening.getHost().port, board)
    reactor.run()
