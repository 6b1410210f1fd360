"""An honest suite for stage5_transform with gaps.

Its verdict: all 8 tests run, none is empty, none asks too much; kinds 2, 3, 4, 6, 8, 9, 10 and 12 are let through. (6, since
test_malformed looks whether the connection is closed, and not whether there was an answer before.)
"""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from .clients import Client, netstring
from .service import TransformFactory


class ServiceTests(SynchronousTestCase):
    """Each description's plainest case."""

    def setUp(self):
        self.clock = Clock()
        transforms = {"shout": str.upper, "fail": lambda poem: [][0]}
        self.client = Client(TransformFactory(transforms, self.clock, longest=30, patience=5))

    def test_answer(self):
        """A poem is transformed, and the connection closed."""
        self.client.send(b"11:shout.hello,")
        self.assertEqual(self.client.received, b"5:HELLO,")
        self.assertTrue(self.client.closed)

    def test_unknown(self):
        """A name that is not there closes the connection."""
        self.client.send(netstring(b"whisper.hello"))
        self.assertEqual(self.client.received, b"")
        self.assertTrue(self.client.closed)

    def test_chunks(self):
        """A request may come byte by byte."""
        for byte in netstring("shout.é".encode()):
            self.client.send(bytes([byte]))
        self.assertEqual(self.client.received, netstring("É".encode()))

    def test_malformed(self):
        """A wrong end and a zero before the length are refused."""
        self.client.send(b"11:shout.hello;")
        self.assertTrue(self.client.closed)
        other = Client(TransformFactory({"shout": str.upper}, self.clock))
        other.send(b"011:shout.hello,")
        self.assertTrue(other.closed)

    def test_limit(self):
        """30 bytes are answered, 31 are refused before they come."""
        self.client.send(netstring(b"shout." + b"a" * 24))
        self.assertEqual(self.client.received, netstring(b"A" * 24))
        other = Client(TransformFactory({"shout": str.upper}, self.clock, longest=30))
        other.send(b"31:")
        self.assertTrue(other.closed)

    def test_error(self):
        """A transform that raises closes the connection, and is logged."""
        self.client.send(netstring(b"fail.now"))
        self.assertEqual((self.client.received, self.client.closed), (b"", True))
        self.assertEqual(len(self.flushLoggedErrors(IndexError)), 1)

    def test_patience(self):
        """A client that sends nothing is closed after 5 seconds."""
        self.clock.advance(4.9)
        self.assertFalse(self.client.closed)
        self.clock.advance(0.1)
        self.assertTrue(self.client.closed)

    def test_client_leaves(self):
        """A client that leaves early leaves nothing on the clock, and has asked for nothing."""
        self.client.send(b"11:shout.he")
        self.client.end()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.client.received, b"")
