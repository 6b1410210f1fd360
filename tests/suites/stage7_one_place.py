"""A contract of two promises that is asked of one place only."""

from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import ClientFactory
from twisted.trial.unittest import SkipTest

from .everywhere import Somewhere, everywhere
from .sides import ClosingSide, Side


class Contract(Somewhere):
    def setUp(self):
        if self.where != ("select", "TCP4"):
            raise SkipTest("Works on my machine.")

    def test_failed(self):
        failed = []

        class Failing(ClientFactory):
            def clientConnectionFailed(factory, connector, reason):
                failed.append(reason)
                self.reactor.stop()

        self.connect_to_nobody(Failing())
        self.run_reactor()
        self.assertEqual(len(failed), 1)

    def test_producing(self):
        class Producer:
            def resumeProducing(self): ...
            def stopProducing(self): ...

        class Producing(Side):
            def ready(protocol):
                protocol.transport.registerProducer(Producer(), False)
                protocol.transport.loseConnection()
                self.reactor.callLater(0.05, protocol.transport.write, b" again")
                self.reactor.callLater(0.1, protocol.transport.unregisterProducer)

        client = Side()
        self.run_between(Producing(), client)
        self.assertEqual((client.data, client.ends), (b"hello again", (ConnectionDone,)))

    def test_hello(self):
        server, client = ClosingSide(), ClosingSide()
        self.run_between(server, client)
        self.assertEqual((server.data, client.data), (b"hello", b"hello"))


globals().update(everywhere(globals()))
