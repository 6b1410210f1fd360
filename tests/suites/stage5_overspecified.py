"""A good suite for stage5_transform, of which eleven tests ask for more than the descriptions say.

Its verdict: all 25 tests run, none is empty; those of StrictTests ask too much, since what they look at is free;
the other 14 catch all kinds.
"""

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from ..wire import every_chunking
from .clients import Client, netstring
from .service import TransformFactory


class Base(SynchronousTestCase):
    """A service of 100 bytes and 60 seconds, and shorthands."""

    def setUp(self):
        self.clock = Clock()
        self.working = Deferred(lambda deferred: None)
        self.called = []
        self.factory = TransformFactory(
            {"twice": self.twice, "slow": lambda poem: self.working, "bad": self.bad},
            self.clock,
            longest=100,
            patience=60,
        )

    def twice(self, poem):
        self.called.append(poem)
        return poem * 2

    def bad(self, poem):
        raise KeyError("the key of the safe")

    def ask(self, *chunks):
        client = Client(self.factory)
        for chunk in chunks:
            client.send(chunk)
        return client

    def assertAnswer(self, client, content):
        self.assertEqual((client.received, client.closed), (netstring(content), True))

    def assertRefused(self, client):
        self.assertEqual((client.received, client.closed, self.called), (b"", True, []))


class RequestTests(Base):
    """What is asked for."""

    def test_poem(self):
        """The poem is all that follows the first dot."""
        for poem in (b"", b"a", b".a..", b" a\n"):
            self.assertAnswer(self.ask(netstring(b"twice." + poem)), poem * 2)

    def test_names(self):
        """Other names are refused."""
        for content in (b"", b".", b"twice", b"thrice.a", b"__len__.a", b"lower.a"):
            self.assertRefused(self.ask(netstring(content)))

    def test_letters(self):
        """Letters of several bytes are counted as such."""
        client = self.ask(netstring("twice.ü".encode()))
        self.assertEqual(client.received, b"4:\xc3\xbc\xc3\xbc,")
        self.called.clear()
        self.assertRefused(self.ask(netstring(b"twice.\xfc")))

    def test_chunks(self):
        """Every cut gives the same answer."""
        for chunks in every_chunking(netstring("twice.ü!".encode())):
            self.assertAnswer(self.ask(*chunks), "ü!ü!".encode())

    def test_malformed(self):
        """What is no netstring is refused."""
        for data in (b"7:twice.a.", b"07:twice.a,", b"+7:twice.a,", b"x:", b"7;twice.a,"):
            self.assertRefused(self.ask(data))

    def test_limit(self):
        """100 bytes, and no more."""
        self.assertAnswer(self.ask(netstring(b"twice." + b"a" * 94)), b"a" * 188)
        self.called.clear()
        self.assertRefused(self.ask(b"101:"))

    def test_once(self):
        """One connection, one answer."""
        request = netstring(b"twice.a")
        self.assertAnswer(self.ask(request + request, request), b"aa")

    def test_in_turns(self):
        """Two clients do not mix."""
        one, two = self.ask(b"7:twi"), self.ask(b"9:tw")
        one.send(b"ce.a,")
        two.send(b"ice.bcd,")
        self.assertAnswer(one, b"aa")
        self.assertAnswer(two, b"bcdbcd")

    def test_error(self):
        """An error in a transform goes to the log."""
        self.assertRefused(self.ask(netstring(b"bad.a")))
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)


class TimeTests(Base):
    """When, and how long."""

    def test_deadline(self):
        """A minute, however the bytes come."""
        client = self.ask(b"7")
        for byte in (b":", b"t", b"w"):
            self.clock.advance(19)
            client.send(byte)
        self.assertFalse(client.closed)
        self.clock.advance(3)
        self.assertRefused(client)
        client.end()

    def test_client_breaks_off(self):
        """A connection that breaks leaves nothing."""
        for sent in (b"7:twice.", b"7:twice.a"):
            client = self.ask(sent)
            client.end(ConnectionLost())
            clean = self.ask(sent)
            clean.end()
            self.assertEqual((client.received, clean.received, self.called), (b"", b"", []))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_slow(self):
        """A slow answer comes after the deadline too."""
        client = self.ask(netstring(b"slow.a"))
        self.clock.advance(100)
        self.assertFalse(client.closed)
        self.working.callback("b")
        self.assertAnswer(client, b"b")

    def test_slow_client_gone(self):
        """A client that is gone gets no answer."""
        client = self.ask(netstring(b"slow.a"))
        client.end()
        self.assertTrue(self.working.called)
        self.assertEqual(client.received, b"")

    def test_each_its_time(self):
        """A client that connects later has its time from then on, and no other has more."""
        first = Client(self.factory)
        self.clock.advance(30)
        second = Client(self.factory)
        self.clock.advance(30)
        self.assertEqual((first.closed, second.closed), (True, False))

    def test_no_text(self):
        """What gives no text is an error."""
        self.factory.transforms["slow"] = lambda poem: None
        self.assertRefused(self.ask(netstring(b"slow.a")))
        self.assertEqual(len(self.flushLoggedErrors()), 1)


class StrictTests(Base):
    """What is free."""

    def connect(self):
        protocol, transport = self.factory.buildProtocol(None), StringTransport()
        protocol.makeConnection(transport)
        return protocol, transport

    def test_one_call_due_at_the_deadline(self):
        """Too much: what is on the clock, and when it is due."""
        self.connect()
        self.assertEqual([call.getTime() for call in self.clock.getDelayedCalls()], [60])

    def test_wrong_byte_closes_at_once(self):
        """Too much: that a byte is no digit may be seen later."""
        self.assertTrue(self.ask(b"x").closed)

    def test_class_of_the_protocol(self):
        """Too much: a name that the README does not have."""
        from .service import TransformProtocol

        self.assertIsInstance(self.factory.buildProtocol(None), TransformProtocol)

    def test_refused_by_lose(self):
        """Too much: how a client is refused."""
        protocol, transport = self.connect()
        protocol.dataReceived(b"101:")
        self.assertEqual((transport.disconnecting, transport.disconnected), (True, False))

    def test_failure_is_closed_by_lose(self):
        """Too much: how a client goes whose transform failed."""
        protocol, transport = self.connect()
        protocol.dataReceived(netstring(b"bad.a"))
        self.flushLoggedErrors(KeyError)
        self.assertEqual((transport.disconnecting, transport.disconnected), (True, False))

    def test_clock_is_empty_at_once(self):
        """Too much: nothing is on the clock as soon as the answer is there."""
        self.ask(netstring(b"twice.a"))
        self.assertEqual(len(self.clock.getDelayedCalls()), 0)

    def test_too_slow_is_aborted(self):
        """Too much: a client that is too slow is closed by abortConnection."""
        _, transport = self.connect()
        self.clock.advance(60)
        self.assertTrue(transport.disconnected)

    def test_derives_from_protocol(self):
        """Too much: of which class a protocol is."""
        self.assertIsInstance(self.factory.buildProtocol(None), Protocol)

    def test_has_its_transport(self):
        """Too much: what a protocol calls its transport."""
        protocol, transport = self.connect()
        self.assertIs(protocol.transport, transport)

    def test_lost_without_a_reason(self):
        """Too much: connectionLost has an argument."""
        protocol, _ = self.connect()
        protocol.connectionLost()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_nothing_in_the_log(self):
        """Too much: that a refusal is not noted, not even as no error."""
        seen = []
        globalLogPublisher.addObserver(seen.append)
        self.addCleanup(globalLogPublisher.removeObserver, seen.append)
        self.ask(b"101:")
        self.assertEqual(seen, [])
