"""Your tests of the transformation service: one or two for each description in README.md, before its code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase

from ..wire import every_chunking
from .clients import Client, ask_over_tcp, netstring
from .service import TransformFactory


def reverse(poem: str) -> str:
    """A transform: the poem backwards."""
    return poem[::-1]


class ServiceTests(SynchronousTestCase):
    """The service without a network: the test decides what each client sends, and when its connection ends."""

    def setUp(self) -> None:
        self.clock = Clock()

    def service(self, **transforms: Callable[[str], Any]) -> TransformFactory:
        """Make a service with these transforms and "reverse", on this test's clock: up to 50 bytes, within 10 s."""
        named = {"reverse": reverse, **transforms}
        return TransformFactory(named, self.clock, longest=50, patience=10)

    def test_answer(self) -> None:
        """The answer is the transformed poem; then the connection is closed."""
        client = Client(self.service())
        client.send(b"13:reverse.a sea,")
        self.assertEqual(client.received, b"5:aes a,")
        self.assertTrue(client.closed)

    # Yours:
    # Step 2: a poem with dots in it, an empty one.
    # Step 3: names that the service does not have; a request without a dot.
    # Step 4: letters outside ASCII; bytes that are not UTF-8.
    # Step 5: the same request, cut in every way.
    # Step 6: bytes that are not a netstring.
    # Step 7: the longest, and a byte more.
    # Step 8: two requests of one client; two clients at once.
    # Step 9: a transform that raises. (flushLoggedErrors)
    # Step 10: the moment of the deadline, and the moment before.
    # Step 11: every way to end; then look at self.clock.getDelayedCalls().
    # Step 12: a transform that returns a Deferred: fired late, failed, the client gone before.


class TcpTests(TestCase):
    """The service over real TCP, with the reactor as its clock."""

    async def test_answer(self) -> None:
        """A client gets its answer, then the end of the connection."""
        from twisted.internet import reactor

        factory = TransformFactory({"reverse": reverse}, reactor)
        received = await ask_over_tcp(self, factory, netstring(b"reverse.a sea"))
        self.assertEqual(received, b"5:aes a,")
