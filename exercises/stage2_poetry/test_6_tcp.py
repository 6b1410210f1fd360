"""Ports: your tests of how one is stopped, then real ones, on 127.0.0.1."""

from pathlib import Path

from twisted.internet.defer import Deferred, TimeoutError, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import CannotListenError, ConnectError
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock, deferLater
from twisted.internet.testing import MemoryReactor
from twisted.trial.unittest import TestCase

from ..yours import YourTests
from .client import get_poetry
from .helpers import LONG, connect, shown
from .server import PoetryFactory, SlowPoetryFactory, start_serving, stop_serving
from .wrong import (
    expects_a_deferred,
    fires_at_once,
    never_asks,
    never_fires,
    passes_the_result_on,
    swallows_failures,
    waits,
)

POEM = Path(__file__).with_name("poem.txt").read_bytes()


class Leaver(Protocol):
    """A client that leaves once it has received something. ended: a Deferred that fires when its connection is over."""

    def __init__(self):
        self.ended = Deferred()

    def dataReceived(self, data):
        self.transport.loseConnection()

    def connectionLost(self, reason):
        self.ended.callback(None)


class Step11Stop(YourTests):
    """You test that stop_serving reports when the port is closed.

    Write the class Stop in test_yours.py. This step runs your tests on two right functions and
    on six wrong ones: README.md lists them.
    """

    program, cases = "server.stop_serving", "Stop"

    def test_right(self):
        """Your tests pass with the given function, and with another right one."""
        self.assert_right()
        self.assert_right(waits, "a stop_serving that uses maybeDeferred")

    def test_none(self):
        """One of your tests fails if stop_serving expects each stopListening() to return a Deferred."""
        self.assert_noticed(
            expects_a_deferred, "a stop_serving that raises if stopListening() returns None"
        )

    def test_fires_at_once(self):
        """One of your tests fails if the Deferred has fired before the port is closed."""
        self.assert_noticed(fires_at_once, "a stop_serving that does not wait for the port")

    def test_never_fires(self):
        """One of your tests fails if the Deferred never fires."""
        self.assert_noticed(never_fires, "a stop_serving whose Deferred never fires")

    def test_swallows_failures(self):
        """One of your tests fails if the Deferred fires with None though the port failed to close."""
        self.assert_noticed(
            swallows_failures, "a stop_serving that reports a port as closed that failed to close"
        )

    def test_result(self):
        """One of your tests fails if the Deferred fires with what stopListening() returned."""
        self.assert_noticed(
            passes_the_result_on, "a stop_serving whose Deferred fires with the port's own result"
        )

    def test_never_asks(self):
        """One of your tests fails if stopListening() is never called."""
        self.assert_noticed(never_asks, "a stop_serving that never calls stopListening()")

    def test_each(self):
        """Each of your tests fails with one of these six at least."""
        self.assert_each(
            expects_a_deferred,
            fires_at_once,
            never_fires,
            swallows_failures,
            passes_the_result_on,
            never_asks,
        )


class Step12Tcp(TestCase):
    """The same server and client talk over real TCP.

    Write start_serving. It makes the given reactor listen on 127.0.0.1 only, on the given port,
    where 0 means any free one, and serve the given factory, of whichever kind. It returns a
    Deferred, which fires with the listening port; if the port asked for is taken, the Deferred
    fails with CannotListenError.
    """

    longMessage = False
    timeout = 5

    def start(self, *args):
        """Call start_serving. Returns its Deferred."""
        try:
            listening = start_serving(*args)
        except CannotListenError as error:
            self.fail(f"Expected a Deferred that fails; start_serving itself raised {error!r}.")
        self.assertTrue(
            isinstance(listening, Deferred),
            f"Expected start_serving to return a Deferred; got {listening!r}.",
        )
        return listening

    async def serve(self, poem=POEM):
        """Start a server, stopped at the end of the test. Returns an endpoint that connects to it."""
        from twisted.internet import reactor

        try:
            port = await self.start(reactor, PoetryFactory(poem))
        except CannotListenError as error:
            self.fail(f"Expected port 0 to mean any free port; start_serving failed: {error}")
        # trial waits for the Deferred that a cleanup returns. The README says why it is enough to wait for the port.
        self.addCleanup(stop_serving, port)
        return self.endpoint(port), port

    def endpoint(self, port):
        from twisted.internet import reactor

        return TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)

    async def get(self, endpoint):
        """Get the poem, or fail the test if it does not come: a test must not hang."""
        from twisted.internet import reactor

        try:
            return await get_poetry(endpoint, reactor, timeout=3)
        except TimeoutError:
            self.fail("Expected the poem, over loopback, within 3 s; get_poetry timed out.")

    def test_reactor(self):
        """The given reactor listens, on the given port, and serves the given factory, of any kind."""
        poem = b"one\ntwo\n"
        for factory, first in (
            (PoetryFactory(poem), poem),
            (SlowPoetryFactory(poem, Clock()), b"one\n"),
        ):
            reactor = MemoryReactor()
            self.start(reactor, factory, 8123)
            got = [(port, host) for port, _, _, host in reactor.tcpServers]
            self.assertEqual(
                got,
                [(8123, "127.0.0.1")],
                f"Expected the reactor that was given to listen on port 8123 of 127.0.0.1; got {got}.",
            )
            sent = connect(reactor.tcpServers[0][1])[1].value()
            self.assertEqual(
                sent, first, f"Expected the poem of {factory!r}, which was given; got {sent!r}."
            )

    async def test_poem(self):
        """The client gets the poem that the server sends."""
        endpoint, _ = await self.serve()
        text = await self.get(endpoint)
        self.assertEqual(
            text, POEM.decode("utf-8"), f"Expected the text of poem.txt; got {text!r}."
        )

    async def test_long_poem(self):
        """A poem of a million bytes arrives whole: it is sent in pieces, and received in others."""
        endpoint, _ = await self.serve(LONG.encode("utf-8"))
        text = await self.get(endpoint)
        self.assertTrue(
            text == LONG, f"Expected the text of {len(LONG)} characters; got {shown(text)}."
        )

    async def test_client_leaves(self):
        """Over TCP, too, the slow server notices that a client has left: nothing stays on the clock."""
        from twisted.internet import reactor

        client, clock = Leaver(), Clock()
        port = await self.start(reactor, SlowPoetryFactory(POEM, clock))
        self.addCleanup(stop_serving, port)
        await connectProtocol(self.endpoint(port), client)
        await client.ended
        # The server's end follows in one of the reactor's next turns, if its transport reads.
        for _ in range(100):
            if not clock.getDelayedCalls():
                break
            await deferLater(reactor, 0.01)
        left = clock.getDelayedCalls()
        self.assertEqual(
            left,
            [],
            "Expected no call to be left on the clock once a client has left, over TCP, after the first line; got: "
            f"{left!r}. Was connectionLost never called? Twisted notices the end only if the transport reads.",
        )

    async def test_loopback_only(self):
        """The server listens on 127.0.0.1, not on every network that the machine is in."""
        _, port = await self.serve()
        host = port.getHost().host
        self.assertEqual(
            host, "127.0.0.1", f"Expected to listen on '127.0.0.1' only; got {host!r}."
        )

    async def test_two_servers(self):
        """Two servers run at once, each on its own port, each with its own poem."""
        one, first = await self.serve(b"one\n")
        two, second = await self.serve(b"two\n")
        numbers = [first.getHost().port, second.getHost().port]
        self.assertNotEqual(*numbers, f"Expected two ports; both servers have {numbers[0]}.")
        texts = [await self.get(one), await self.get(two)]
        self.assertEqual(
            texts, ["one\n", "two\n"], f"Expected each server's own poem; got {texts!r}."
        )

    async def test_port_in_use(self):
        """If the port asked for is taken, the Deferred fails with CannotListenError."""
        from twisted.internet import reactor

        _, port = await self.serve()
        number = port.getHost().port
        try:
            second = await self.start(reactor, PoetryFactory(POEM), number)
        except CannotListenError:
            return
        self.addCleanup(stop_serving, second)
        self.fail(
            f"Expected CannotListenError for port {number}, which is taken; "
            f"the server listens on port {second.getHost().port}."
        )

    async def test_refused(self):
        """If nothing listens any more, get_poetry fails with a ConnectError."""
        endpoint, port = await self.serve()
        await stop_serving(port)
        try:
            text = await self.get(endpoint)
        except ConnectError:
            # Which subclass it is depends on the platform.
            return
        self.fail(f"Expected ConnectError from a port that was closed; got the poem {text!r}.")

    async def test_many_clients(self):
        """Thirty clients at once all get the whole poem."""
        endpoint, _ = await self.serve()
        texts = await gatherResults(
            [Deferred.fromCoroutine(self.get(endpoint)) for _ in range(30)], consumeErrors=True
        )
        wrong = [text for text in texts if text != POEM.decode("utf-8")]
        self.assertEqual(
            wrong, [], f"Expected 30 clients to get poem.txt; {len(wrong)} got something else."
        )
