"""What is given for tests: a client that has no network, and whose time is a Clock. There is nothing to write here."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from ..wire import FakeEndpoint, failed_with, outcome
from .client import Client
from .messages import Response

URL = "http://example.org/dir/page?a=b"


class ClientTestCase(SynchronousTestCase):
    """A TestCase whose every test has a clock and an endpoint of its own.

    clock: goes on when the test says advance(). endpoint: all that the client connects to; an attempt succeeds when the
    test says accept(), and fails when it says refuse(). asked: the host and port of each attempt, in order.
    """

    def setUp(self) -> None:
        """Before each test."""
        self.clock, self.endpoint = Clock(), FakeEndpoint()
        self.asked: list[tuple[str, int]] = []

    def client(self, **settings: Any) -> Client:
        """A client with these settings."""

        def endpoint_for(host: str, port: int) -> FakeEndpoint:
            self.asked.append((host, port))
            return self.endpoint

        return Client(endpoint_for, self.clock, **settings)

    def begin(
        self, method: str = "GET", **settings: Any
    ) -> tuple[Deferred[Response], Any, StringTransport]:
        """Ask for URL, and connect. Returns the Deferred, the client's protocol, and the transport that it was given.

        Call the protocol's dataReceived and connectionLost, as a reactor does; nobody else will.
        """
        asking = self.client(**settings).request(method, URL)
        protocol, transport = self.endpoint.accept()
        return asking, protocol, transport

    def receive(
        self, *chunks: bytes, end: Failure | None = None, method: str = "GET", **settings: Any
    ) -> Any:
        """What ``outcome`` gives for a request for which these chunks came, and then, if given, the connection's end."""
        asking, protocol, _ = self.begin(method, **settings)
        for chunk in chunks:
            protocol.dataReceived(chunk)
        if end is not None:
            protocol.connectionLost(end)
        return outcome(asking)

    def assertContent(self, got: Any, expected: bytes, case: object = "") -> None:
        """See that what ``outcome`` gave is a Response with this content. case: shown where it is not."""
        content = getattr(got, "content", got)
        if content != expected:
            self.fail(f"Expected {expected!r}, got {content!r}.{_case(case)}")

    def assertFailed(self, got: Any, kind: type[BaseException], case: object = "") -> None:
        """See that what ``outcome`` gave is a failure of this kind."""
        if not failed_with(got, kind):
            self.fail(f"Expected {kind.__name__}, got {got!r}.{_case(case)}")


def _case(case: object) -> str:
    return "" if case == "" else f" Case: {case!r}"
