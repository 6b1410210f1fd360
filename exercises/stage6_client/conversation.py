"""For tests: a client without a network, whose time is a Clock. Given; there is nothing to write here."""

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
    """A TestCase whose tests each have their own clock and endpoint.

    clock: advances when the test calls advance(). endpoint: the client's only endpoint; an attempt to connect succeeds when
    the test calls accept(), and fails when it calls refuse(). asked: the host and port of each attempt, in order.
    """

    def setUp(self) -> None:
        """Make the clock and the endpoint."""
        self.clock, self.endpoint = Clock(), FakeEndpoint()
        self.asked: list[tuple[str, int]] = []

    def client(self, **settings: Any) -> Client:
        """Make a client with these settings."""

        def endpoint_for(host: str, port: int) -> FakeEndpoint:
            self.asked.append((host, port))
            return self.endpoint

        return Client(endpoint_for, self.clock, **settings)

    def begin(
        self, method: str = "GET", **settings: Any
    ) -> tuple[Deferred[Response], Any, StringTransport]:
        """Ask for URL, and connect. Returns the Deferred, the client's protocol and its transport.

        The test calls the protocol's dataReceived and connectionLost, as a reactor would.
        """
        asking = self.client(**settings).request(method, URL)
        protocol, transport = self.endpoint.accept()
        return asking, protocol, transport

    def receive(
        self, *chunks: bytes, end: Failure | None = None, method: str = "GET", **settings: Any
    ) -> Any:
        """Ask, receive these chunks, then the connection's end if given. Returns the ``outcome`` of the request."""
        asking, protocol, _ = self.begin(method, **settings)
        for chunk in chunks:
            protocol.dataReceived(chunk)
        if end is not None:
            protocol.connectionLost(end)
        return outcome(asking)

    def assertContent(self, got: Any, expected: bytes, case: object = "") -> None:
        """Assert that a result of ``outcome`` is a Response with this content. case: shown on failure."""
        content = getattr(got, "content", got)
        if content != expected:
            self.fail(f"Expected {expected!r}; got {content!r}.{_case(case)}")

    def assertFailed(self, got: Any, kind: type[BaseException], case: object = "") -> None:
        """Assert that a result of ``outcome`` is a failure with this exception. case: shown on failure."""
        if not failed_with(got, kind):
            self.fail(f"Expected {kind.__name__}; got {got!r}.{_case(case)}")


def _case(case: object) -> str:
    return "" if case == "" else f" Case: {case!r}"
