"""A test with Tidy, run inside of a test, and what must become of it."""

from __future__ import annotations

from typing import Any, Callable

import inner
import kinds
from inner import Innocent, Quiet, factory, message, waited
from twisted.internet.testing import StringTransport

from txtidy import Tidy

OK = [("OK", "")]


def case(test: Callable[[Any], Any], **more: Any) -> dict[str, list[tuple[str, str]]]:
    """Run a test with Tidy, and an innocent one after it. Returns the verdicts."""
    body = {"grace": 0.1, "limit": 0.4, "test_it": waited(test), **more}
    return inner.run(type("Case", (Tidy, Innocent), body))


def tidy(test: Callable[[Any], Any], **more: Any) -> None:
    """See that a test passes, and leaves nothing."""
    assert case(test, **more) == {"test_it": OK, "test_z_innocent": OK}


def named(test: Callable[[Any], Any], **more: Any) -> list[str]:
    """See that a test fails by NotTidy alone, and the next one does not. Returns the message's lines."""
    said = case(test, **more)
    assert said["test_z_innocent"] == OK, said
    reports = [text for kind, text in said["test_it"] if kind != "OK"]
    assert len(reports) == 1 and message(reports[0]), said
    return inner.lines(message(reports[0]))


async def both(t: Any, mine: Any = None) -> Any:
    """Connect, and return the client's protocol."""
    port = await t.listen(kinds.server(), factory())
    return await t.connect(kinds.client(port), mine or factory())


class Stubborn(StringTransport):
    """A transport that reports no end."""

    def abortConnection(self) -> None:
        pass


def stubborn(t: Any, protocol: Any = None) -> Any:
    """Connect a protocol to a transport that reports no end."""
    made = t.watched(factory())
    made.protocol = (lambda: protocol) if protocol is not None else Quiet
    protocol = made.buildProtocol(None)
    protocol.makeConnection(Stubborn())
    return protocol
