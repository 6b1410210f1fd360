"""Real TCP for the tests: your server on a free port of 127.0.0.1, and Twisted's own HTTP client.

Both ends of each connection are in this process, and the client closes after each response. So a test need only stop the
port and wait for connectionLost on both sides. For a way that works with any client, see exercises/stage4_disconnect/.
"""

from io import BytesIO
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, TimeoutError, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.web.client import Agent, FileBodyProducer, HTTPConnectionPool, readBody
from twisted.web.http_headers import Headers

from .server import HTTPFactory


def watch(case, factory):
    """Let the test end only when each connection is over whose protocol this factory builds from now on."""
    from twisted.internet import reactor

    build, connections = factory.buildProtocol, {}

    def build_and_watch(address):
        protocol, over = build(address), Deferred()
        lost = protocol.connectionLost

        def connection_lost(reason):
            try:
                lost(reason)
            finally:
                over.callback(None)

        protocol.connectionLost = connection_lost
        connections[protocol] = over
        return protocol

    def abort():
        for protocol, over in connections.items():
            if not over.called:
                protocol.transport.abortConnection()

    def ended(result, late):
        if late.active():
            late.cancel()
        else:
            case.fail(
                "Expected each connection to be over with its test; one was still open 1 s later."
            )

    def wait_for_all():
        # Even if one is not closed, the test must end.
        waiting = gatherResults(connections.values())
        return waiting.addBoth(ended, reactor.callLater(1, abort))

    factory.buildProtocol = build_and_watch
    # trial waits for the Deferred that a cleanup returns.
    case.addCleanup(wait_for_all)


def tell(factory, received):
    """Call received(data) after each call of dataReceived of the protocols that this factory builds from now on."""
    build = factory.buildProtocol

    def build_and_tell(address):
        protocol = build(address)
        receive = protocol.dataReceived

        def data_received(data):
            receive(data)
            received(data)

        protocol.dataReceived = data_received
        return protocol

    factory.buildProtocol = build_and_tell


async def serve(case: Any, handler: Any, clock: Any = None, received: Any = None) -> int:
    """Serve over real TCP on a free port of 127.0.0.1, until the test's end. Returns the port's number.

    clock: for the server's time, in place of the reactor. received: called with all bytes that a server has received.
    """
    from twisted.internet import reactor

    factory = HTTPFactory(handler, clock or reactor)
    # A step that is not written yet is reported here; inside the reactor it would only be logged.
    factory.buildProtocol(None)
    watch(case, factory)
    if received is not None:
        tell(factory, received)
    port = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(factory)
    # Cleanups run in the reverse order: first the port is stopped, then its connections are waited for.
    case.addCleanup(port.stopListening)
    number: int = port.getHost().port
    return number


class Connecting:
    """The client's endpoints: they connect to the server above, and each connection is watched."""

    def __init__(self, case, port):
        self.case, self.port = case, port

    def endpointForURI(self, uri):
        return self

    def connect(self, factory):
        from twisted.internet import reactor

        watch(self.case, factory)
        return TCP4ClientEndpoint(reactor, "127.0.0.1", self.port).connect(factory)


async def ask(case, port, method, target, fields=None, content=None):
    """Ask the server with Twisted's own client. Returns its response and the content.

    The pool is not persistent: the client closes its connection after the response.
    """
    from twisted.internet import reactor

    pool = HTTPConnectionPool(reactor, persistent=False)
    agent = Agent.usingEndpointFactory(reactor, Connecting(case, port), pool)
    body = None if content is None else FileBodyProducer(BytesIO(content))
    url = f"http://127.0.0.1:{port}{target}".encode("ascii")
    asking = agent.request(method, url, Headers(fields or {}), body)
    asking.addCallback(lambda response: readBody(response).addCallback(lambda got: (response, got)))
    asking.addTimeout(3, reactor)
    try:
        return await asking
    except (TimeoutError, CancelledError):
        case.fail(f"Expected an answer to {method!r} {target!r} within 3 s; none came.")
