"""The server's protocol and factory, with no network: a StringTransport records what they do."""

from twisted.internet.address import IPv6Address, UNIXAddress
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from .helpers import POEMS, Recorder, connect, ends, kept, listed, shown
from .server import PoetryFactory, PoetryProtocol

POEM = "Half past six — é, and half a word.\nI listen.\n".encode()
OTHER = POEM.replace(b"six", b"one")  # of the same length


class Step01Poem(SynchronousTestCase):
    """The server's protocol sends its poem and closes.

    Write PoetryProtocol.connectionMade. It writes self.factory.poem, all of it, unchanged and
    once, and then closes the connection with loseConnection, even if the poem is empty. It
    never aborts it. What a client sends changes nothing. After the end of the connection,
    whatever its reason, nothing is written or closed, and nothing raises.
    """

    longMessage = False  # Our message alone, not unittest's before it.

    def connect(self, poem=POEM):
        protocol, transport = PoetryProtocol(), Recorder()
        protocol.factory = PoetryFactory(poem)
        protocol.makeConnection(transport)
        return protocol, transport

    def serve(self, poem):
        return self.connect(poem)[1]

    def test_sends_the_poem(self):
        """The client gets exactly the poem's bytes, once."""
        sent = self.serve(POEM).value()
        self.assertEqual(sent, POEM, f"Expected these bytes on the wire: {POEM!r}; got: {sent!r}.")

    def test_sends_every_poem(self):
        """Whatever the bytes are, text or not, none or a million, they go out unchanged."""
        for what, poem in POEMS.items():
            sent = self.serve(poem).value()
            self.assertTrue(
                sent == poem,
                f"Expected these bytes on the wire ({what}): {shown(poem)}; got: {shown(sent)}.",
            )

    def test_closes(self):
        """Once the poem is written, the protocol closes the connection."""
        self.assertTrue(
            self.serve(POEM).disconnecting,
            "Expected transport.loseConnection() after the poem; the connection was left open, "
            "so the client would wait for ever.",
        )

    def test_closes_after_an_empty_poem(self):
        """An empty poem is over at once: the connection is closed too."""
        self.assertTrue(
            self.serve(b"").disconnecting,
            "Expected transport.loseConnection() for an empty poem too; it was left open.",
        )

    def test_does_not_abort(self):
        """The close is the kind that delivers what was written."""
        for what, poem in POEMS.items():
            self.assertFalse(
                self.serve(poem).disconnected,
                "Expected loseConnection(), which delivers the poem first; got abortConnection(), "
                f"which throws away what is still unsent. The poem: {what}.",
            )

    def test_writes_before_it_closes(self):
        """The whole poem is written before the close is asked for."""
        for what, poem in POEMS.items():
            asked = self.serve(poem).asked
            self.assertTrue(
                asked == ([poem, "close"] if poem else ["close"]),
                "Expected the whole poem to be written, and then one close: not every transport takes "
                f"a write after it. The transport was asked ({what}) for: {listed(asked)}.",
            )

    def test_client_speaks(self):
        """What a client sends changes nothing."""
        protocol, transport = self.connect()
        for data in (b"GET / HTTP/1.1\r\n\r\n", b"\0", b"more, " * 20_000):
            protocol.dataReceived(data)
            self.assertEqual(
                transport.asked,
                [POEM, "close"],
                f"Expected the poem and a close, whatever the client sends; after {shown(data)}, the "
                f"transport was asked for: {listed(transport.asked)}.",
            )

    def test_end(self):
        """Once the connection is over, however it ended, the protocol does nothing more."""
        for error in ends():
            protocol, transport = self.connect()
            transport.forget()
            protocol.connectionLost(Failure(error))
            self.assertEqual(
                transport.asked,
                [],
                f"Expected nothing to be done with a connection that has ended with {error!r}; "
                f"the transport was asked for: {listed(transport.asked)}.",
            )


class Step02Factory(SynchronousTestCase):
    """One factory serves many connections, each its own protocol.

    Write PoetryFactory.buildProtocol. For each connection, whatever its address, it returns a
    new PoetryProtocol, whose factory attribute is this factory. Many clients at once each get
    the whole poem and a close; two factories with two poems do not mix. Once a connection is
    over, nothing refers to its protocol any more.
    """

    longMessage = False

    def test_protocol_knows_its_factory(self):
        """The protocol's factory attribute is the factory that built it."""
        factory = PoetryFactory(POEM)
        protocol = factory.buildProtocol(None)
        self.assertTrue(
            isinstance(protocol, PoetryProtocol),
            f"Expected buildProtocol() to return a PoetryProtocol; got {protocol!r}.",
        )
        self.assertIs(
            protocol.factory,
            factory,
            "Expected protocol.factory to be the factory that built it, since the poem is there; "
            f"got {protocol.factory!r}.",
        )

    def test_each_connection_has_its_own_protocol(self):
        """Two connections get two protocols."""
        factory = PoetryFactory(POEM)
        first, second = factory.buildProtocol(None), factory.buildProtocol(None)
        self.assertIsNot(
            first,
            second,
            "Expected a new protocol for each connection; got the same object twice, "
            "so the second connection's transport would replace the first's.",
        )

    def test_many_clients(self):
        """Each of a hundred clients at once gets the whole poem and a close; so do those who come later."""
        factory = PoetryFactory(POEM)
        for when in ("at once", "after these had left"):
            connections = [connect(factory) for _ in range(100)]
            for number, (protocol, transport) in enumerate(connections, 1):
                self.assertEqual(
                    transport.asked,
                    [POEM, "close"],
                    f"Expected client {number} of 100, {when}, to get {POEM!r} and a close; its "
                    f"transport was asked for: {listed(transport.asked)}.",
                )
                protocol.connectionLost(Failure(ConnectionDone()))

    def test_addresses(self):
        """A client may have any kind of address."""
        for address in (IPv6Address("TCP", "::1", 8007), UNIXAddress("/run/poetry"), None):
            try:
                protocol = PoetryFactory(POEM).buildProtocol(address)
            except Exception as raised:
                self.fail(f"Expected a protocol for a client at {address}; {raised!r} was raised.")
            self.assertTrue(
                isinstance(protocol, PoetryProtocol),
                f"Expected a PoetryProtocol for a client at {address}; got {protocol!r}.",
            )

    def test_forgets(self):
        """Once a connection is over, nothing refers to its protocol: a server that runs for months does not grow."""
        # An exception that was raised refers to the frame that raised it, so each is made where nothing keeps it.
        for poem, said, kind in (
            (POEM, b"", ConnectionDone),
            (POEM, b"Hello?\n", ConnectionLost),
            (b"", b"", OSError),
        ):
            factory = PoetryFactory(poem)

            def served(factory=factory, said=said, kind=kind):
                protocol, _ = connect(factory)
                if said:
                    protocol.dataReceived(said)
                protocol.connectionLost(Failure(kind()))
                return protocol

            self.assertFalse(
                kept(served),
                "Expected nothing to refer to the protocol of a connection that is over; something "
                f"does. The poem: {poem!r}; the client said {said!r}; the end: {kind.__name__}.",
            )

    def test_two_factories(self):
        """Two factories with two poems do not mix."""
        factories = PoetryFactory(POEM), PoetryFactory(OTHER)
        sent = [connect(factory)[1].value() for factory in factories]
        self.assertEqual(
            sent,
            [POEM, OTHER],
            f"Expected the two servers to send their own poems, {[POEM, OTHER]!r}; got {sent!r}.",
        )
