"""What factories hear: that a client is over, and that a server's side is there."""

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
    """A client factory that notes what it is told, and tries again each time.

    raises: what it raises after that. refused: how many attempts after the first fail at once, before it is done with that.
    """

    def __init__(self, raises=None, refused=0):
        self.told, self.raises, self.refused = [], raises, refused

    def clientConnectionLost(self, connector, reason):
        self.told.append(("clientConnectionLost", connector, reason.value))
        connector.connecting = True
        if self.raises is not None:
            raise self.raises

    def clientConnectionFailed(self, connector, reason):
        self.told.append(("clientConnectionFailed", connector, reason.value))
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
    """The other way to know of a client's end: its factory is told.

    Write client_over(), in teardown.py. after() is there to help. reactor.connectTCP() gives a
    connector, and its factory is told of the end: by clientConnectionLost when the connection is
    over, by clientConnectionFailed when none came to be. Whoever has no protocol, or still
    connects, waits for either of the two. A factory that connects again is told of many ends. A
    Deferred fires once.
    """

    def tell(self, factory, name, error):
        """Tell a factory what a reactor would. Returns its connector."""
        connector = FakeConnector(factory)
        try:
            getattr(factory, name)(connector, Failure(error))
        except AlreadyCalledError:
            self.fail(f"Expected the Deferred to be fired once; {name}() fired it a second time.")
        return connector

    def test_each(self):
        """It fires with None after clientConnectionLost or clientConnectionFailed, whatever the reason, and not before."""
        for name, error in ALL_ENDS:
            factory = ClientFactory()
            ended = client_over(factory)
            self.assert_pending(ended, f"before {name}()")
            factory.startedConnecting(FakeConnector(factory))
            self.assert_pending(ended, "when the attempt has begun")
            factory.doStart()
            factory.doStop()
            self.assert_pending(ended, "when another connection of that factory has come and gone")
            self.tell(factory, name, error)
            self.assert_done(ended, f"after {name}() with {error!r}")

    def test_own_methods(self):
        """The factory's own methods are called first, once each, with what they are to be told."""
        for name, error in ALL_ENDS:
            factory = Again()
            client_over(factory).addCallback(lambda _, told=factory.told: told.append("over"))
            expected = [(name, self.tell(factory, name, error), error), "over"]
            self.assertEqual(
                factory.told, expected, f"Expected these calls: {expected}; got {factory.told}."
            )

    def test_own_method_raises(self):
        """If the factory's own method raises, that goes on, and the Deferred fires all the same."""
        for name, raised in ALL_ENDS:
            factory = Again(raised)
            ended = client_over(factory)
            try:
                self.tell(factory, name, ConnectionLost())
            except type(raised):
                self.assert_done(ended, f"where the factory's own {name}() raises {raised!r}")
            else:
                self.fail(f"Expected what the factory's own {name}() raises to be raised again.")

    def test_connects_again(self):
        """A factory that connects again is told of further ends, which raise nothing."""
        for first in ENDS:
            for second in ENDS:
                factory = Again()
                ended = client_over(factory)
                self.tell(factory, *first)
                self.tell(factory, *second)
                self.assert_done(ended, f"after {first[0]}(), then {second[0]}()")

    def test_connects_again_at_once(self):
        """Nor do those that come while the factory's own method is still at it."""
        factory = Again(refused=2)
        ended = client_over(factory)
        self.tell(factory, *ENDS[1])
        self.assert_done(ended, "after three attempts, of which two failed within the first's end")

    def test_asked_twice(self):
        """Asked for twice, of one factory, each Deferred fires with None, and its own methods are called once."""
        for name, error in ENDS:
            factory = Again()
            client_over(factory).addCallback(lambda _: "what somebody else made of it")
            ended = client_over(factory), client_over(factory)
            expected = [(name, self.tell(factory, name, error), error)]
            for number, one in enumerate(ended, 1):
                self.assert_done(one, f"from call no. {number + 1} of three, after {name}()")
            self.assertEqual(
                factory.told, expected, f"Expected these calls: {expected}; got {factory.told}."
            )

    def test_same_factory(self):
        """The factory's class stays its class."""
        factory = Again()
        client_over(factory)
        self.assert_class(factory, Again, "after client_over()")

    def test_two(self):
        """Two factories of one class are kept apart, also where they are equal, or false."""

        class AlikeFactory(Alike, ClientFactory):
            """Its factories are false, and equal."""

        for kind in (ClientFactory, AlikeFactory):
            one, other = kind(), kind()
            ended = client_over(one), client_over(other)
            self.tell(other, *ENDS[0])
            self.assert_pending(ended[0], "for a factory when only another's connection is over")
            self.assert_done(ended[1], "after clientConnectionLost()")


class Accepting(Factory):
    """A server's factory. refuses: how many connections it refuses first, by building no protocol. asked: from where.

    kind: the class of its protocols.
    """

    def __init__(self, refuses=0, kind=Recorder):
        self.refuses, self.kind, self.asked, self.built = refuses, kind, [], []

    def buildProtocol(self, address):
        self.asked.append(address)
        protocol = self.kind() if len(self.asked) > self.refuses else None
        self.built.append(protocol)
        return protocol


class HandshakingFirst(Recorder):
    """A protocol that says that it is connected some time after it was given its transport: when ready() is called."""

    def makeConnection(self, transport):
        self.ready = lambda: super(HandshakingFirst, self).makeConnection(transport)


class Step04Server(Case):
    """The server's side is waited for at its beginning too.

    Write accepted(), in teardown.py. When a client's connect() is done, the server may not have
    heard of the client yet; a test that goes on, and ends, knows of no server's side to wait for.
    The factory's buildProtocol gives the protocol, which then has no transport yet. It has one as
    soon as its connectionMade is called.
    """

    def connect(self, factory, address="a client"):
        """What a reactor does with a connection that comes in."""
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
        """It fires with the protocol, when its transport is there and its connectionMade was called, not before."""
        factory, seen = Accepting(), []
        coming = accepted(factory)
        self.assert_pending(coming, "before a client comes")
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
            f"Expected buildProtocol() to give the factory's own protocol still; got {protocol!r}.",
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
        """It is connectionMade that counts, however long after makeConnection it is called."""
        factory = Factory.forProtocol(HandshakingFirst)
        coming = accepted(factory)
        protocol = self.connect(factory)
        self.assert_pending(coming, "after makeConnection(), before connectionMade()")
        protocol.ready()
        got = self.look(coming, "from accepted()")
        self.assertIs(got, protocol, f"Expected the protocol after connectionMade(); got {got!r}.")

    def test_first_connected(self):
        """The first that is connected counts, which need not be the first that was built, and may be false."""
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
                f"got {got!r}, where {kind.__name__} is the class of both.",
            )

    def test_connection_made_raises(self):
        """If the protocol's own connectionMade raises, that goes on, and the protocol counts: it is connected."""
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
                    got, protocol, f"Expected it, whose connectionMade raised; got {got!r}."
                )
            else:
                self.fail(
                    f"Expected {error!r}, of the protocol's connectionMade, to be raised again."
                )

    def test_asked_twice(self):
        """Asked for twice, of one factory, each Deferred fires with the first protocol; asked for again, with the next."""
        factory = Accepting()
        accepted(factory).addCallback(lambda _: "what somebody else made of it")
        coming = accepted(factory), accepted(factory)
        first = self.connect(factory)
        for number, one in enumerate(coming, 1):
            got = self.look(one, "from accepted()")
            self.assertIs(got, first, f"Expected {first!r} from call no. {number}; got {got!r}.")
        coming = accepted(factory)
        self.assert_pending(coming, "asked for after the first connection")
        second = self.connect(factory)
        got = self.look(coming, "from accepted()")
        self.assertIs(got, second, f"Expected {second!r}, the next after the call; got {got!r}.")
        expected = ["connectionMade"]
        self.assertEqual(
            second.events, expected, f"Expected one call of connectionMade(); got {second.events}."
        )

    def test_asked_between(self):
        """Asked for while the first is built and not connected, it fires with the next: what is built later counts."""
        factory = Accepting()
        first, early = accepted(factory), factory.buildProtocol("one")
        coming = accepted(factory)
        early.makeConnection(FakeConnection(early))
        got = self.look(first, "from accepted()")
        self.assertIs(got, early, f"Expected the first protocol; got {got!r}.")
        self.assert_pending(coming, "asked for after buildProtocol(), before connectionMade()")
        later = self.connect(factory)
        got = self.look(coming, "from accepted()")
        self.assertIs(got, later, f"Expected {later!r}, built after the call; got {got!r}.")

    def test_build_protocol_raises(self):
        """What the factory's own buildProtocol raises goes on, and does not count."""
        for error in EXCEPTIONS:
            factory = Factory()
            factory.buildProtocol = lambda address, error=error: self.refuse(error)
            coming = accepted(factory)
            try:
                factory.buildProtocol("a client")
            except type(error):
                self.assert_pending(coming, f"where buildProtocol() raises {error!r}")
            else:
                self.fail(f"Expected {error!r}, of the factory's own method, to be raised again.")

    def refuse(self, error):
        raise error

    def test_same_class(self):
        """The factory's class stays its class, and the protocol's too."""
        factory = Accepting()
        accepted(factory)
        protocol = self.connect(factory)
        self.assert_class(factory, Accepting, "of the factory")
        self.assert_class(protocol, Recorder, "of the protocol")

    def test_two(self):
        """Two factories of one class are kept apart."""
        one, other = Accepting(), Accepting()
        coming = accepted(one), accepted(other)
        protocol = self.connect(other)
        self.assert_pending(coming[0], "for a factory when only another has a connection")
        got = self.look(coming[1], "from accepted()")
        self.assertIs(got, protocol, f"Expected the other's protocol, {protocol!r}; got {got!r}.")

    def test_build_protocol(self):
        """buildProtocol still gives what the factory's own gives for that address, or for None, asked once for each."""
        factory, addresses = Accepting(), ["one", "two", None]
        accepted(factory)
        got = [factory.buildProtocol(address) for address in addresses]
        self.assertEqual(
            got, factory.built, f"Expected the factory's own protocols {factory.built}; got {got}."
        )
        self.assertEqual(
            factory.asked,
            addresses,
            f"Expected the factory's own buildProtocol to be asked for {addresses}; it was for {factory.asked}.",
        )

    def test_first_only(self):
        """The first connection counts; later ones raise nothing."""
        factory = Accepting()
        coming = accepted(factory)
        first = self.connect(factory)
        self.connect(factory)
        self.connect(factory)
        got = self.look(coming, "from accepted()")
        self.assertIs(got, first, f"Expected the first of three protocols, {first!r}; got {got!r}.")

    def test_refused(self):
        """If buildProtocol gives None, a connection that is refused, None is passed on, and does not count."""
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
        self.assertIs(
            got, PENDING, f"Expected no result from a connection that was refused; got {got!r}."
        )
        protocol = self.connect(factory)
        got = outcome(coming)
        self.assertIs(
            got, protocol, f"Expected the first protocol that there is, {protocol!r}; got {got!r}."
        )
