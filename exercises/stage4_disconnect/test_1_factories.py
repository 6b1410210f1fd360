"""What factories learn: that a client's connection has ended, and that a server's side is connected."""

from twisted.internet.defer import AlreadyCalledError
from twisted.internet.error import ConnectionLost, ConnectionRefusedError
from twisted.internet.protocol import ClientFactory, Factory
from twisted.python.failure import Failure

from ..wire import PENDING, outcome
from .fakes import (
    EXCEPTIONS,
    Alike,
    AlikeRecorder,
    Case,
    FakeConnection,
    FakeConnector,
    Recorder,
)
from .teardown import accepted, client_over


class Again(ClientFactory):
    """A client factory that notes its calls, and connects again after each.

    raises: what its methods raise then. refused: how many further attempts fail within the first call.
    """

    def __init__(self, raises=None, refused=0):
        self.calls, self.raises, self.refused = [], raises, refused

    def clientConnectionLost(self, connector, reason):
        self.calls.append(("clientConnectionLost", connector, reason.value))
        connector.connecting = True
        if self.raises is not None:
            raise self.raises

    def clientConnectionFailed(self, connector, reason):
        self.calls.append(("clientConnectionFailed", connector, reason.value))
        connector.connecting = True
        if self.refused:
            self.refused -= 1
            self.clientConnectionFailed(connector, reason)
        if self.raises is not None:
            raise self.raises


ENDS = (
    ("clientConnectionLost", ConnectionLost()),
    ("clientConnectionFailed", ConnectionRefusedError()),
)
ALL_ENDS = (*ENDS, *((name, error) for name, _ in ENDS for error in EXCEPTIONS))


class Step03Factory(Case):
    """A Deferred fires when a client's factory learns of the end.

    Write client_over(), in teardown.py. Use after(). reactor.connectTCP() returns a connector,
    and reports the end to the factory: by clientConnectionLost, or, if there never was a
    connection, by clientConnectionFailed. The Deferred fires with None after the first call of
    either, whatever the reason. The factory's own methods are still called, first, and with the
    same arguments; if one raises, the exception goes on, and the Deferred still fires. A factory
    that connects again gets many such calls: the later ones raise nothing.
    """

    def call(self, factory, name, error):
        """Call the factory's method of this name, as a reactor does. Returns the connector."""
        connector = FakeConnector(factory)
        try:
            getattr(factory, name)(connector, Failure(error))
        except AlreadyCalledError:
            self.fail(f"Expected the Deferred to be fired once; {name}() fired it a second time.")
        return connector

    def test_each(self):
        """It fires with None after clientConnectionLost or clientConnectionFailed, for any reason, and not before."""
        for name, error in ALL_ENDS:
            factory = ClientFactory()
            ended = client_over(factory)
            self.assert_pending(ended, f"before {name}()")
            factory.startedConnecting(FakeConnector(factory))
            self.assert_pending(ended, "when the attempt has begun")
            factory.doStart()
            factory.doStop()
            self.assert_pending(ended, "after another connection's doStart() and doStop()")
            self.call(factory, name, error)
            self.assert_done(ended, f"after {name}() with {error!r}")

    def test_own_methods(self):
        """The factory's own methods are called first, once each, with the connector and the reason."""
        for name, error in ALL_ENDS:
            factory = Again()
            client_over(factory).addCallback(lambda _, calls=factory.calls: calls.append("over"))
            expected = [(name, self.call(factory, name, error), error), "over"]
            self.assertEqual(
                factory.calls, expected, f"Expected these calls: {expected}; got {factory.calls}."
            )

    def test_own_method_raises(self):
        """If the factory's own method raises, the exception goes on, and the Deferred still fires."""
        for name, raised in ALL_ENDS:
            factory = Again(raised)
            ended = client_over(factory)
            try:
                self.call(factory, name, ConnectionLost())
            except type(raised):
                self.assert_done(ended, f"when the factory's own {name}() raises {raised!r}")
            else:
                self.fail(f"Expected the exception of the factory's own {name}() to go on.")

    def test_connects_again(self):
        """If a factory connects again, further calls raise nothing."""
        for first in ENDS:
            for second in ENDS:
                factory = Again()
                ended = client_over(factory)
                self.call(factory, *first)
                self.call(factory, *second)
                self.assert_done(ended, f"after {first[0]}(), then {second[0]}()")

    def test_connects_again_at_once(self):
        """Nor do calls that come while the factory's own method is still running."""
        factory = Again(refused=2)
        ended = client_over(factory)
        self.call(factory, *ENDS[1])
        self.assert_done(ended, "after three attempts, two of which failed within the first call")

    def test_asked_twice(self):
        """If client_over() is called twice, each Deferred fires with None; the factory's own methods are called once."""
        for name, error in ENDS:
            factory = Again()
            client_over(factory).addCallback(lambda _: "the result of somebody else's callback")
            ended = client_over(factory), client_over(factory)
            expected = [(name, self.call(factory, name, error), error)]
            for number, one in enumerate(ended, 1):
                self.assert_done(one, f"from call no. {number + 1} of three, after {name}()")
            self.assertEqual(
                factory.calls, expected, f"Expected these calls: {expected}; got {factory.calls}."
            )

    def test_same_factory(self):
        """The factory keeps its class."""
        factory = Again()
        client_over(factory)
        self.assert_class(factory, Again, "after client_over()")

    def test_two(self):
        """Two factories of one class are kept apart, even if they are equal, or false."""

        class AlikeFactory(Alike, ClientFactory):
            """Its factories are false, and equal."""

        for kind in (ClientFactory, AlikeFactory):
            one, other = kind(), kind()
            ended = client_over(one), client_over(other)
            self.call(other, *ENDS[0])
            self.assert_pending(ended[0], "for a factory when only another's connection is over")
            self.assert_done(ended[1], "after clientConnectionLost()")


class Accepting(Factory):
    """A server's factory. refuses: how many connections it first refuses, by returning None. kind: its protocols' class.

    asked: the addresses with which its buildProtocol was called. built: what it returned.
    """

    def __init__(self, refuses=0, kind=Recorder):
        self.refuses, self.kind, self.asked, self.built = refuses, kind, [], []

    def buildProtocol(self, address):
        self.asked.append(address)
        protocol = self.kind() if len(self.asked) > self.refuses else None
        self.built.append(protocol)
        return protocol


class HandshakingFirst(Recorder):
    """A protocol whose makeConnection does not call connectionMade: ready() does."""

    def makeConnection(self, transport):
        self.ready = lambda: super(HandshakingFirst, self).makeConnection(transport)


class Step04Server(Case):
    """A Deferred fires with the server's side when that is connected.

    Write accepted(), in teardown.py. Replace the factory's buildProtocol with a function of your
    own, and use after() for connectionMade. The Deferred fires with the first protocol whose
    connectionMade was called, of those that the factory's buildProtocol returns from now on;
    before that call, it may have no transport. If connectionMade raises, the exception goes on,
    and the protocol still counts. buildProtocol still returns what the factory's own returns
    for that address. If that is None, a refused connection, it does not count; if that raises,
    the exception goes on. Later connections raise nothing.
    """

    def connect(self, factory, address="a client"):
        """Do what a reactor does with an incoming connection."""
        protocol = factory.buildProtocol(address)
        if protocol is not None:
            try:
                protocol.makeConnection(FakeConnection(protocol))
            except AlreadyCalledError:
                self.fail(
                    "Expected only the first connection to fire the Deferred; a later one fired it again."
                )
        return protocol

    def test_connected(self):
        """It fires with the protocol after its connectionMade, when it has its transport, and not before."""
        factory, seen = Accepting(), []
        coming = accepted(factory)
        self.assert_pending(coming, "before a client connects")
        coming.addCallback(
            lambda protocol: seen.append((protocol, protocol.transport, *protocol.events))
        )
        protocol = factory.buildProtocol("a client")
        self.assertEqual(
            seen,
            [],
            "Expected no result from buildProtocol() alone: the protocol has no transport yet.",
        )
        self.assertIn(
            protocol,
            factory.built,
            f"Expected buildProtocol() still to return the factory's own protocol; got {protocol!r}.",
        )
        transport = FakeConnection(protocol)
        protocol.makeConnection(transport)
        expected = [(protocol, transport, "connectionMade")]
        self.assertEqual(
            seen,
            expected,
            f"Expected the Deferred to fire once, with the protocol, after its connectionMade: {expected}; got {seen}.",
        )

    def test_connection_made(self):
        """It waits for connectionMade, however long after makeConnection that is called."""
        factory = Factory.forProtocol(HandshakingFirst)
        coming = accepted(factory)
        protocol = self.connect(factory)
        self.assert_pending(coming, "after makeConnection(), before connectionMade()")
        protocol.ready()
        got = self.look(coming, "from accepted()")
        self.assertIs(got, protocol, f"Expected the protocol after connectionMade(); got {got!r}.")

    def test_first_connected(self):
        """The first protocol connected counts, which need not be the first built, and may be false."""
        for kind in (Recorder, AlikeRecorder):
            factory = Accepting(kind=kind)
            coming = accepted(factory)
            late, first = factory.buildProtocol("one"), factory.buildProtocol("two")
            for protocol in (first, late):
                protocol.makeConnection(FakeConnection(protocol))
            got = self.look(coming, "from accepted()")
            self.assertIs(
                got,
                first,
                "Expected the protocol that was built second, and connected first; "
                f"got {got!r}. Both are of class {kind.__name__}.",
            )

    def test_connection_made_raises(self):
        """If the protocol's own connectionMade raises, the exception goes on, and the protocol counts: it is connected."""
        for error in EXCEPTIONS:

            class Raises(Recorder):
                def connectionMade(self, error=error):
                    raise error

            factory = Factory.forProtocol(Raises)
            coming = accepted(factory)
            protocol = factory.buildProtocol("a client")
            try:
                protocol.makeConnection(FakeConnection(protocol))
            except type(error):
                got = self.look(coming, "from accepted()")
                self.assertIs(
                    got,
                    protocol,
                    f"Expected the protocol whose connectionMade raised; got {got!r}.",
                )
            else:
                self.fail(f"Expected {error!r}, from the protocol's connectionMade, to go on.")

    def test_asked_twice(self):
        """If accepted() is called twice, each Deferred fires with the first protocol; a later call's, with the next."""
        factory = Accepting()
        accepted(factory).addCallback(lambda _: "the result of somebody else's callback")
        coming = accepted(factory), accepted(factory)
        first = self.connect(factory)
        for number, one in enumerate(coming, 1):
            got = self.look(one, "from accepted()")
            self.assertIs(got, first, f"Expected {first!r} from call no. {number}; got {got!r}.")
        coming = accepted(factory)
        self.assert_pending(coming, "if accepted() is called after the first connection")
        second = self.connect(factory)
        got = self.look(coming, "from accepted()")
        self.assertIs(got, second, f"Expected {second!r}, the next after the call; got {got!r}.")
        expected = ["connectionMade"]
        self.assertEqual(
            second.events, expected, f"Expected one call of connectionMade(); got {second.events}."
        )

    def test_asked_between(self):
        """A protocol that was built before the call does not count, even if it is connected after it."""
        factory = Accepting()
        first, early = accepted(factory), factory.buildProtocol("one")
        coming = accepted(factory)
        early.makeConnection(FakeConnection(early))
        got = self.look(first, "from accepted()")
        self.assertIs(got, early, f"Expected the first protocol; got {got!r}.")
        self.assert_pending(
            coming, "if accepted() is called after buildProtocol(), before connectionMade()"
        )
        later = self.connect(factory)
        got = self.look(coming, "from accepted()")
        self.assertIs(got, later, f"Expected {later!r}, built after the call; got {got!r}.")

    def test_build_protocol_raises(self):
        """If the factory's own buildProtocol raises, the exception goes on, and does not count."""
        for error in EXCEPTIONS:
            factory = Factory()
            factory.buildProtocol = lambda address, error=error: self.refuse(error)
            coming = accepted(factory)
            try:
                factory.buildProtocol("a client")
            except type(error):
                self.assert_pending(coming, f"when buildProtocol() raises {error!r}")
            else:
                self.fail(f"Expected {error!r}, from the factory's own method, to go on.")

    def refuse(self, error):
        raise error

    def test_same_class(self):
        """The factory and the protocol keep their classes."""
        factory = Accepting()
        accepted(factory)
        protocol = self.connect(factory)
        self.assert_class(factory, Accepting, "for the factory")
        self.assert_class(protocol, Recorder, "for the protocol")

    def test_two(self):
        """Two factories of one class are kept apart."""
        one, other = Accepting(), Accepting()
        coming = accepted(one), accepted(other)
        protocol = self.connect(other)
        self.assert_pending(coming[0], "for a factory when only another has a connection")
        got = self.look(coming[1], "from accepted()")
        self.assertIs(got, protocol, f"Expected the other's protocol, {protocol!r}; got {got!r}.")

    def test_build_protocol(self):
        """buildProtocol still returns what the factory's own returns for that address, even None, and calls it once."""
        factory, addresses = Accepting(), ["one", "two", None]
        accepted(factory)
        got = [factory.buildProtocol(address) for address in addresses]
        self.assertEqual(
            got, factory.built, f"Expected the factory's own protocols {factory.built}; got {got}."
        )
        self.assertEqual(
            factory.asked,
            addresses,
            "Expected the factory's own buildProtocol to be called once for each of "
            f"{addresses}; it was called for {factory.asked}.",
        )

    def test_first_only(self):
        """Only the first connection counts; later ones raise nothing."""
        factory = Accepting()
        coming = accepted(factory)
        first = self.connect(factory)
        self.connect(factory)
        self.connect(factory)
        got = self.look(coming, "from accepted()")
        self.assertIs(got, first, f"Expected the first of three protocols, {first!r}; got {got!r}.")

    def test_refused(self):
        """If buildProtocol returns None, a refused connection, None is passed on, and does not count."""
        factory = Accepting(refuses=1)
        coming = accepted(factory)
        try:
            got = self.connect(factory)
        except AttributeError as error:
            self.fail(f"Expected None from buildProtocol() to be passed on; it raised {error!r}.")
        self.assertIs(
            got, None, f"Expected None from buildProtocol() to be passed on; got {got!r}."
        )
        got = outcome(coming)
        self.assertIs(got, PENDING, f"Expected no result from a refused connection; got {got!r}.")
        protocol = self.connect(factory)
        got = outcome(coming)
        self.assertIs(
            got, protocol, f"Expected the first protocol connected, {protocol!r}; got {got!r}."
        )
