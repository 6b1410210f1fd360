"""The server's protocol and factory, with no network: a StringTransport records what they do."""

from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from .server import PoetryFactory, PoetryProtocol

POEM = "Half past six — é, and half a word.\nI listen.\n".encode()
OTHER = b"Another poem.\n"


class ClosingTransport(StringTransport):
    """A StringTransport that remembers what had been written when it was asked to close."""

    before_close: bytes | None = None

    def loseConnection(self):
        if self.before_close is None:
            self.before_close = self.value()
        super().loseConnection()


def connect(factory):
    """What a reactor does when a client connects: build a protocol, give it its transport."""
    protocol, transport = factory.buildProtocol(None), StringTransport()
    protocol.makeConnection(transport)
    return protocol, transport


class Step01Poem(SynchronousTestCase):
    """The server's protocol sends its poem and closes.

    Write PoetryProtocol.connectionMade. The poem is self.factory.poem, already bytes, so it goes
    out as it is: a server that decodes and encodes again may send something else. The connection is
    closed with loseConnection, which delivers first what is still unsent; abortConnection would
    throw that away.
    """

    longMessage = False  # Our message alone, not unittest's before it.

    def serve(self, poem):
        protocol, transport = PoetryProtocol(), ClosingTransport()
        protocol.factory = PoetryFactory(poem)
        protocol.makeConnection(transport)
        return transport

    def test_sends_the_poem(self):
        """The client gets exactly the poem's bytes, once."""
        sent = self.serve(POEM).value()
        self.assertEqual(sent, POEM, f"Expected these bytes on the wire: {POEM!r}; got: {sent!r}.")

    def test_sends_bytes_that_are_not_text(self):
        """Bytes that are no text in any encoding go out unchanged: they are the factory's business."""
        poem = b"\xff\x00\r\n\xfe"
        sent = self.serve(poem).value()
        self.assertEqual(sent, poem, f"Expected these bytes on the wire: {poem!r}; got: {sent!r}.")

    def test_closes(self):
        """Once the poem is written, the protocol closes the connection."""
        self.assertTrue(
            self.serve(POEM).disconnecting,
            "Expected transport.loseConnection() after the poem; the connection was left open, "
            "so the client would wait for ever.",
        )

    def test_closes_after_an_empty_poem(self):
        """An empty poem is over at once: the connection is closed all the same."""
        self.assertTrue(
            self.serve(b"").disconnecting,
            "Expected transport.loseConnection() for an empty poem too; it was left open.",
        )

    def test_does_not_abort(self):
        """The close is the kind that delivers what was written."""
        self.assertFalse(
            self.serve(POEM).disconnected,
            "Expected loseConnection(), which delivers the poem first; got abortConnection(), "
            "which throws away what is still unsent.",
        )

    def test_writes_before_it_closes(self):
        """The whole poem is written before the close is asked for."""
        transport = self.serve(POEM)
        self.assertEqual(
            transport.before_close,
            POEM,
            "Expected the whole poem to be written before loseConnection() was called; "
            f"{transport.before_close!r} was. Not every transport takes a write after that.",
        )


class Step02Factory(SynchronousTestCase):
    """One factory serves many connections, each its own protocol.

    Write PoetryFactory.buildProtocol: make a PoetryProtocol, set its factory attribute to self,
    return it. What belongs to one connection is kept on the protocol, what belongs to all of them
    on the factory.
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
        """Each of five clients that are connected at once gets the whole poem and a close."""
        factory = PoetryFactory(POEM)
        for number, (_, transport) in enumerate([connect(factory) for _ in range(5)], 1):
            sent = transport.value()
            self.assertEqual(
                sent, POEM, f"Expected client {number} of 5 to get {POEM!r}; it got {sent!r}."
            )
            self.assertTrue(
                transport.disconnecting, f"Expected client {number} of 5 to be closed; it was not."
            )

    def test_two_factories(self):
        """Two factories with two poems do not mix."""
        factories = PoetryFactory(POEM), PoetryFactory(OTHER)
        sent = [connect(factory)[1].value() for factory in factories]
        self.assertEqual(
            sent,
            [POEM, OTHER],
            f"Expected two servers to send {[POEM, OTHER]!r}, each its own poem; got {sent!r}.",
        )
