"""A suite for stage5_transform in which four tests check nothing.

Its verdict: all 7 tests run; test_errors_are_expected, test_helper, test_never_awaited and test_no_one_looks pass on code
that was emptied out; none asks too much; the other three let all kinds through but 1 and 5.
"""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase

from ..wire import every_chunking
from .clients import Client, ask_over_tcp, netstring
from .service import TransformFactory

TRANSFORMS = {"shout": str.upper}


class GoodTests(SynchronousTestCase):
    """These check something."""

    def setUp(self):
        self.factory = TransformFactory(TRANSFORMS, Clock())

    def test_answer(self):
        """A poem is transformed, and the connection closed."""
        client = Client(self.factory)
        client.send(b"11:shout.hello,")
        self.assertEqual((client.received, client.closed), (b"5:HELLO,", True))

    def test_chunks(self):
        """The answer does not depend on the cuts."""
        for chunks in every_chunking(netstring("shout.é".encode())):
            client = Client(self.factory)
            for chunk in chunks:
                client.send(chunk)
            self.assertEqual(client.received, netstring("É".encode()))

    def test_unknown(self):
        """A name that is not there closes the connection."""
        client = Client(self.factory)
        client.send(netstring(b"whisper.hello"))
        self.assertEqual((client.received, client.closed), (b"", True))


class EmptyTests(SynchronousTestCase):
    """These check nothing."""

    def test_errors_are_expected(self):
        """What goes wrong is caught, the assertion's own exception too."""
        try:
            client = Client(TransformFactory(TRANSFORMS, Clock()))
            client.send(b"wrong")
            self.assertTrue(client.closed)
        except Exception:
            pass

    def test_helper(self):
        """What is compared has not been near the service."""
        self.assertEqual(netstring(b"shout.hello"), b"11:shout.hello,")

    def test_no_one_looks(self):
        """The assertion is in a callback of a Deferred that never fires."""
        answered = Deferred()
        answered.addCallback(lambda ignored: Client(TransformFactory(TRANSFORMS, Clock())))
        answered.addCallback(lambda client: self.assertTrue(client.closed))


class EmptyTcpTests(TestCase):
    """This checks nothing either."""

    def test_never_awaited(self):
        """A coroutine that is not awaited does not even begin."""
        from twisted.internet import reactor

        ask_over_tcp(self, TransformFactory(TRANSFORMS, reactor), netstring(b"shout.hello"))
