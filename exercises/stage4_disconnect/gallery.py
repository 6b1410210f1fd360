"""A gallery of teardowns: eight that are wrong, and one that is right. Predict, then run.

    trial exercises.stage4_disconnect.gallery

The test is the same; only the endings differ. Some fail, so this is not a test_… file: trial runs it only if you name it.
"""

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import Factory
from twisted.trial.unittest import TestCase

from .lines import QUIET


class Hello:
    """A client says hello over real TCP, and the server says it back. Each subclass ends the connection in its own way.

    This is not a TestCase, or trial would run it too.
    """

    timeout = 5
    line = QUIET

    async def setUp(self):
        """A port, a client and a server: the three things that a test has open."""
        from twisted.internet import reactor

        accepted = Deferred()
        factory = Factory()
        factory.buildProtocol = lambda address: self.accept(accepted)
        self.port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", self.port.getHost().port)
        self.client = await endpoint.connect(Factory.forProtocol(self.line.client))
        self.server = await accepted

    def accept(self, accepted):
        """Return the server's side of an incoming connection."""
        server = self.line.server()
        accepted.callback(server)
        return server

    async def test_hello(self):
        """What the client sent comes back."""
        answer = await self.client.answer
        self.assertEqual(answer[:5], b"hello")

    def close(self):
        """Close the connection from the side that closes first on this line. This waits for nothing."""
        side = self.client if self.line.first == "client" else self.server
        side.transport.loseConnection()


class Teardown1Nothing(Hello, TestCase):
    """Ends nothing, waits for nothing."""


class Teardown2PortOnly(Hello, TestCase):
    """Stops the port, and waits for that."""

    def tearDown(self):
        return self.port.stopListening()


class Teardown3Unwaited(Hello, TestCase):
    """Ends everything, waits for nothing."""

    def tearDown(self):
        self.port.stopListening()
        self.close()


class Teardown4Port(Hello, TestCase):
    """Ends everything, waits for the port."""

    def tearDown(self):
        self.close()
        return self.port.stopListening()


class Teardown5Client(Hello, TestCase):
    """Ends everything, waits for the client."""

    def tearDown(self):
        self.port.stopListening()
        self.close()
        return self.client.over


class Teardown6Server(Hello, TestCase):
    """Ends everything, waits for the server."""

    def tearDown(self):
        self.port.stopListening()
        self.close()
        return self.server.over


class Teardown7PortAndClient(Hello, TestCase):
    """Ends everything, waits for the port and the client."""

    def tearDown(self):
        self.close()
        return gatherResults([self.port.stopListening(), self.client.over])


class Teardown8PortAndServer(Hello, TestCase):
    """Ends everything, waits for the port and the server."""

    def tearDown(self):
        self.close()
        return gatherResults([self.port.stopListening(), self.server.over])


class Teardown9AllThree(Hello, TestCase):
    """Ends everything, waits for everything. This one is right."""

    def tearDown(self):
        self.close()
        return gatherResults([self.port.stopListening(), self.client.over, self.server.over])


TEARDOWNS = [
    Teardown1Nothing,
    Teardown2PortOnly,
    Teardown3Unwaited,
    Teardown4Port,
    Teardown5Client,
    Teardown6Server,
    Teardown7PortAndClient,
    Teardown8PortAndServer,
    Teardown9AllThree,
]
