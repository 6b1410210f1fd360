"""What factories learn: that a client's connection has ended, and, in your tests, that a server's side is connected."""

from twisted.internet.defer import AlreadyCalledError
from twisted.internet.error import ConnectionLost, ConnectionRefusedError
from twisted.internet.protocol import ClientFactory
from twisted.python.failure import Failure

from ..yours import YourTests
from .fakes import EXCEPTIONS, Alike, Case, FakeConnector
from .teardown import client_over
from .wrong import (
    another_way,
    builds_nothing,
    each_time,
    needs_a_protocol,
    never,
    refused_counts,
    too_early,
)


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


class Step04Server(YourTests):
    """You test that accepted() reports a server's side once it is connected.

    Write the class Accepted in test_yours.py. Its tests do what a reactor does with an incoming
    connection: they call the factory's buildProtocol, and then the protocol's makeConnection. This
    step runs your tests on two right functions and on five wrong ones.
    """

    program, cases = "teardown.accepted", "Accepted"

    def test_right(self):
        """Your tests pass with the given function, and with another right one."""
        self.assert_right()
        self.assert_right(another_way, "an accepted() that is written in another way")

    def test_too_early(self):
        """One of your tests fails if the Deferred fires in buildProtocol: the protocol has no transport yet."""
        self.assert_noticed(too_early, "an accepted() that fires as soon as a protocol is built")

    def test_each_time(self):
        """One of your tests fails if the second connection fires the Deferred again."""
        self.assert_noticed(each_time, "an accepted() that fires again for a second connection")

    def test_refuses(self):
        """One of your tests fails if a refused connection, for which buildProtocol returns None, raises an exception."""
        self.assert_noticed(
            needs_a_protocol, "an accepted() that raises if buildProtocol returns None"
        )

    def test_refused_counts(self):
        """One of your tests fails if a refused connection counts as the first."""
        self.assert_noticed(refused_counts, "an accepted() that fires with None if one is refused")

    def test_builds_nothing(self):
        """One of your tests fails if buildProtocol no longer returns the protocol."""
        self.assert_noticed(
            builds_nothing, "an accepted() after which buildProtocol returns None always"
        )

    def test_each(self):
        """Each of your tests fails with one of these five, or with one whose Deferred never fires."""
        self.assert_each(
            too_early, each_time, needs_a_protocol, refused_counts, builds_nothing, never
        )
