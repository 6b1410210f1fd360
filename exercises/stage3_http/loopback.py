"""Real TCP for the tests: your server on a free port of 127.0.0.1, and Twisted's own HTTP client."""

from io import BytesIO

from twisted.internet.defer import CancelledError, Deferred, TimeoutError, gatherResults
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.web.client import Agent, FileBodyProducer, HTTPConnectionPool, readBody
from twisted.web.http_headers import Headers

from .server import HTTPFactory


async def serve(case, handler):
    """Serve over real TCP on a free port of 127.0.0.1. Gives the port's number.

    The test's end stops the port, and waits until each of the server's connections is over.
    """
    from twisted.internet import reactor

    factory = HTTPFactory(handler, reactor)
    build, open_connections = factory.buildProtocol, {}
    # A step that is not written yet is told here; inside the reactor it would only be logged.
    build(None)

    def build_and_watch(address):
        protocol, over = build(address), Deferred()
        lost = protocol.connectionLost

        def connection_lost(reason):
            try:
                lost(reason)
            finally:
                over.callback(None)

        protocol.connectionLost = connection_lost
        open_connections[protocol] = over
        return protocol

    def wait_for_all():
        # The client closes by itself; should it not, the connection is broken after two seconds.
        late = reactor.callLater(
            2, lambda: [p.transport.abortConnection() for p in open_connections]
        )
        waiting = gatherResults(open_connections.values())
        return waiting.addBoth(lambda result: late.active() and late.cancel())

    factory.buildProtocol = build_and_watch
    port = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(factory)
    # Cleanups run in the reverse order, and trial waits for the Deferred that one returns.
    case.addCleanup(wait_for_all)
    case.addCleanup(port.stopListening)
    return port.getHost().port


async def ask(case, port, method, target, fields=None, content=None):
    """Ask the server with Twisted's own client. Gives its response, and the content.

    The pool is not persistent: the client closes its connection after the response.
    """
    from twisted.internet import reactor

    agent = Agent(reactor, pool=HTTPConnectionPool(reactor, persistent=False))
    body = None if content is None else FileBodyProducer(BytesIO(content))
    url = f"http://127.0.0.1:{port}{target}".encode("ascii")
    asking = agent.request(method, url, Headers(fields or {}), body)
    asking.addCallback(lambda response: readBody(response).addCallback(lambda got: (response, got)))
    asking.addTimeout(3, reactor)
    try:
        return await asking
    except (TimeoutError, CancelledError):
        case.fail(f"Expected an answer to {method!r} {target!r} within 3 s; none came.")
