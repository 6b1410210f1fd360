"""A whole teardown, of a port and two sides, each of which ends when the test says so."""

from itertools import permutations

from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionLost, NotConnectingError
from twisted.internet.protocol import ClientFactory
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from .fakes import (
    EXCEPTIONS,
    THREE,
    Alike,
    AlikeRecorder,
    Case,
    FakeConnector,
    FakePort,
    Opened,
    connected,
)
from .teardown import by_connector, by_protocol, tear_down


class NoAbort:
    """A transport without abortConnection, like pipes and some fakes."""

    def __init__(self, transport):
        self.loseConnection = transport.loseConnection


class Step07Sides(Case):
    """A side: when it is over, and how to end it.

    Write by_protocol() and by_connector(), in teardown.py. Each returns a Side with the given
    name, and closes nothing. A protocol's side has over() for its end, its transport's
    loseConnection for close, and abortConnection for abort, or loseConnection again if the
    transport has no abortConnection. A connector's side has client_over() for its end, and
    disconnect for both close and abort. Make the Deferred with the side: a connection may end
    before anybody closes it, or within the call of close.
    """

    def test_by_protocol(self):
        """A protocol's side: its name; close is loseConnection, abort is abortConnection; over after connectionLost."""
        protocol = connected()
        side, asked = by_protocol("the server", protocol), protocol.transport.asked
        self.assertEqual(side.name, "the server", f"Expected the name given; got {side.name!r}.")
        self.assertEqual(asked, [], f"Expected by_protocol() to ask for nothing; got {asked}.")
        side.close()
        self.assertEqual(
            asked, ["loseConnection"], f"Expected close() to ask for loseConnection; got {asked}."
        )
        self.assert_pending(side.over, "after close(), before the connection has ended")
        side.abort()
        self.assertEqual(
            asked[1:], ["abortConnection"], f"Expected abort() to abort, once; got {asked[1:]}."
        )
        protocol.transport.end()
        self.assert_done(side.over, "after the protocol's connectionLost")

    def test_by_protocol_unasked(self):
        """A protocol's side is also over if the connection ends before anybody closes it."""
        protocol = connected()
        side = by_protocol("the client", protocol)
        protocol.transport.end(ConnectionLost())
        self.assert_done(
            side.over, "when the peer has ended the connection, and nobody has called close()"
        )

    def test_by_protocol_at_once(self):
        """A protocol's side is also over if the connection ends within close()."""
        side = by_protocol("the client", connected(ends_by=["loseConnection"]))
        side.close()
        self.assert_done(side.over, "if the connection ends within loseConnection()")

    def test_no_abort(self):
        """If a transport has no abortConnection, abort is loseConnection again."""
        protocol = connected()
        bare, asked = NoAbort(protocol.transport), protocol.transport.asked
        protocol.transport = bare
        try:
            side = by_protocol("the client", protocol)
            side.close()
            side.abort()
        except AttributeError as error:
            self.fail(f"Expected a side for a transport without abortConnection; got {error!r}.")
        expected = ["loseConnection"] * 2
        self.assertEqual(asked, expected, f"Expected {expected} of that transport; got {asked}.")

    def by_connector(self, connecting):
        factory = ClientFactory()
        connector = FakeConnector(factory, connecting)
        return by_connector("the client", connector, factory), connector

    def close(self, side, what):
        try:
            side.close()
        except NotConnectingError:
            self.fail(f"Expected close() to end {what}; stopConnecting() is for attempts only.")

    def test_by_connector(self):
        """A connector's side: its name; close and abort are disconnect; over after clientConnectionLost."""
        side, connector = self.by_connector(connecting=False)
        self.assertEqual(side.name, "the client", f"Expected the name given; got {side.name!r}.")
        asked = connector.asked
        self.assertEqual(asked, [], f"Expected by_connector() to ask for nothing; got {asked}.")
        self.close(side, "a connection")
        self.assertEqual(asked, ["disconnect"], f"Expected close() to disconnect; got {asked}.")
        self.assert_pending(side.over, "after close(), before the connection has ended")
        side.abort()
        expected = ["disconnect"] * 2
        self.assertEqual(asked, expected, f"Expected abort() to disconnect, too; got {asked}.")
        connector.factory.clientConnectionLost(connector, Failure(ConnectionLost()))
        self.assert_done(side.over, "after clientConnectionLost()")

    def test_by_connector_connecting(self):
        """If the connector is still connecting, close ends the attempt; over after clientConnectionFailed."""
        side, connector = self.by_connector(connecting=True)
        self.assert_pending(side.over, "while the client connects")
        self.close(side, "an attempt")
        self.assertEqual(
            connector.asked,
            ["disconnect"],
            f"Expected close() to disconnect; got {connector.asked}.",
        )
        self.assert_done(side.over, "when close() has ended the attempt")


class Step08Teardown(Case):
    """A teardown asks everything to end, and waits until it has.

    Write the first part of tear_down(), in teardown.py. Before it returns, it stops the port, if
    there is one, and closes each side, once, unless the side is over when its turn comes. Set
    waiting to a Deferred that fires with None after all of their ends. tear_down() never raises:
    if a close raises, or the port raises or fails, everything else is still closed, and every end
    is waited for, even that of a side whose close raised. Then the Deferred fails with the port's
    failure, or else with that of the first of sides. What close() returns is ignored. Step 10
    needs ends: a pair, name and Deferred, for each thing waited for; the port's is "the port".
    """

    def assert_asked(self, opened, when):
        """The port was stopped, and both sides closed, once each."""
        stops, asked = opened.port.stops, opened.asked
        self.assertEqual(
            stops, 1, f"Expected one call of port.stopListening() {when}; got {stops}."
        )
        expected = [["loseConnection"]] * 2
        self.assertEqual(
            asked, expected, f"Expected loseConnection, once, for each side {when}; got {asked}."
        )

    def assert_waits(self, opened, done, order):
        """End these in order, and check that there is no result before the last."""
        for number, name in enumerate(order):
            over = f"after {', then '.join(order[:number])}" if number else "before any event"
            self.assert_pending(done, f"{over}, with {', '.join(order[number:])} not over")
            opened.end(name)

    def test_asks_at_once(self):
        """The port is stopped and both sides are closed before tear_down() returns."""
        opened = Opened()
        opened.tear_down()
        self.assert_asked(opened, "before tear_down() returns")

    def test_six_orders(self):
        """It fires after the third of the three events, not before, in each of the six orders."""
        for order in permutations(THREE):
            opened = Opened()
            done = opened.tear_down()
            self.assert_waits(opened, done, order)
            self.assert_done(done, f"after {', then '.join(order)}")

    def test_ends_within_the_call(self):
        """If everything ends within the calls that ask for it, the Deferred has fired when tear_down() returns."""
        opened = Opened(ends_by=["loseConnection"])
        opened.port.gives = None
        self.assert_done(opened.tear_down(), "if everything ends at once")

    def test_already_over(self):
        """A side that is already over is not closed, and not waited for."""
        for gone in ("the client", "the server"):
            opened = Opened()
            opened.end(gone)
            done = opened.tear_down()
            asked = opened.asked[THREE.index(gone) - 1]
            self.assertEqual(asked, [], f"Expected no call to {gone}, which was over; got {asked}.")
            self.assert_waits(opened, done, [name for name in THREE if name != gone])
            self.assert_done(done, f"after the port and the other side, if {gone} was over")

    def test_over_within_the_call(self):
        """A side that was ended by another's close is over when its turn comes: it is not closed, and not waited for."""
        opened = Opened(ends_by=["loseConnection"])
        opened.client.transport.peer, opened.server.transport.peer = opened.server, opened.client
        done = opened.tear_down()
        asked = sorted(opened.asked)
        self.assertEqual(
            asked,
            [[], ["loseConnection"]],
            f"Expected one close, as it ends both sides at once; calls: {opened.asked}.",
        )
        self.assert_pending(done, "before the port has ended")
        opened.end("the port")
        self.assert_done(done, "after the port, if closing one side has ended both")

    def test_two_at_once(self):
        """Two teardowns at once, on one clock, are kept apart."""
        one, other = Opened(), Opened()
        other.clock = one.clock
        done = one.tear_down(), other.tear_down()
        other.end(*THREE)
        self.assert_pending(done[0], "for a teardown when only another is over")
        self.assert_done(done[1], "after all three")
        one.end(*THREE)
        self.assert_done(done[0], "after all three, when the other teardown is over")

    def test_no_server(self):
        """There may be one side only."""
        opened = Opened()
        opened.sides.pop()
        done = opened.tear_down()
        self.assert_waits(opened, done, ["the client", "the port"])
        self.assert_done(done, "after the client and the port, if there is no server's side")

    def test_no_port(self):
        """There may be no port, or nothing at all."""
        opened = Opened()
        opened.port = None
        done = opened.tear_down()
        self.assert_waits(opened, done, ["the client", "the server"])
        self.assert_done(done, "after both sides, if there is no port")
        self.assert_done(tear_down(None, [], Clock()), "if nothing was opened")

    def test_many(self):
        """There may be any number of sides, from any iterable, even of the same name."""
        protocols = [connected() for _ in range(12)]
        sides = [by_protocol("a connection", protocol) for protocol in protocols]
        protocols.pop().transport.end()
        done = tear_down(FakePort(), iter(sides), Clock())
        for protocol in reversed(protocols):
            asked = protocol.transport.asked
            self.assertEqual(asked, ["loseConnection"], f"Expected each to be closed; got {asked}.")
            self.assert_pending(
                done, "before the last of twelve sides is over, one of which was over before"
            )
            protocol.transport.end()
        self.assert_done(done, "after the last of twelve sides")

    def test_alike(self):
        """Ports and protocols may be false, and equal to others."""

        class AlikePort(Alike, FakePort):
            """Its ports are false, and equal."""

        port, protocols = AlikePort(Deferred()), [connected(AlikeRecorder()) for _ in range(2)]
        done = tear_down(port, [by_protocol("a side", one) for one in protocols], Clock())
        self.assertEqual(port.stops, 1, f"Expected the port to be stopped; got {port.stops} stops.")
        for protocol in protocols:
            asked = protocol.transport.asked
            self.assertEqual(asked, ["loseConnection"], f"Expected each to be closed; got {asked}.")
            self.assert_pending(done, "before both connections have ended")
            protocol.transport.end()
        self.assert_pending(done, "before the port has ended")
        port.gives.callback(None)
        self.assert_done(done, "after the port and both sides, which are false, and equal")

    def test_what_close_gives(self):
        """What a close returns is neither an end nor a failure: only `over` marks the end."""
        failed = fail(OSError("no failure of the teardown"))
        self.addCleanup(failed.addErrback, lambda failure: None)
        results = {"a Deferred": Deferred(), "a failed Deferred": failed, "False": False}
        results["an exception"] = OSError("no failure")
        for name, gives in results.items():
            opened = Opened(gives=gives)
            done = opened.tear_down()
            self.assert_waits(opened, done, THREE)
            self.assert_done(done, f"after all three, if each close returns {name}")

    def fails(self, opened, error, what):
        """Check that it closes everything and waits for everything, then fails with this error."""
        try:
            done = opened.tear_down()
        except type(error) as raised:
            self.fail(f"Expected a Deferred that fails if {what}; tear_down() raised {raised!r}.")
        self.assert_asked(opened, f"if {what}")
        waits = isinstance(opened.port.gives, Deferred) and not opened.port.gives.called
        self.assert_waits(opened, done, THREE if waits else THREE[1:])
        self.assert_failed(done, error, f"after all have ended, if {what}")

    def test_close_raises(self):
        """If a close raises anything, everything else is still ended, and the exception is reported after that."""
        for side in ("the client", "the server"):
            for error in EXCEPTIONS:
                opened = Opened()
                protocol = opened.client if side == "the client" else opened.server
                protocol.transport.raises = error
                self.fails(opened, error, f"closing {side} raises")

    def test_several_fail(self):
        """Of several failures, the port's is reported, or else that of the first of the sides; none is left to be logged."""
        for gives in ("raises", "fails at once", "fails late", "ends"):
            opened, port = Opened(), OSError("the port would not close")
            client, server = RuntimeError("the client"), RuntimeError("the server")
            opened.client.transport.raises, opened.server.transport.raises = client, server
            if gives == "raises":
                opened.port.gives = port
            done = opened.tear_down()
            opened.end("the server", "the client")
            if gives.startswith("fails"):
                self.assert_pending(done, "after both sides, before the port")
                opened.port.gives.errback(port)
            elif gives == "ends":
                opened.end("the port")
            expected = client if gives == "ends" else port
            when = f"if closing the client raises, and closing the server, and the port {gives}"
            self.assert_failed(done, expected, when)
        del opened, done
        self.assert_nothing_logged("when several have failed")

    def test_port_fails(self):
        """It is the same if the port fails: if stopListening raises, or its Deferred fails."""
        for error in EXCEPTIONS:
            for gives, what in ((error, "stopListening() raises"), (fail(error), "the port fails")):
                opened = Opened()
                opened.port.gives = gives
                self.fails(opened, error, f"{what}, with {error!r}")

    def test_port_fails_late(self):
        """A port that fails while the sides are still open does not end the wait for them."""
        error, opened = OSError("the port would not close"), Opened()
        done = opened.tear_down()
        opened.port.gives.errback(error)
        self.assert_waits(opened, done, ["the client", "the server"])
        self.assert_failed(done, error, "after both sides, when the port has failed before")
        self.assert_nothing_logged("when the port has failed")
