"""Teardowns in which something never ends, on a Clock that the test advances: the limit."""

from itertools import combinations, permutations

from twisted.internet.defer import AlreadyCalledError, Deferred, fail, succeed
from twisted.internet.task import Clock

from ..wire import Failed, failed_with
from .fakes import EXCEPTIONS, MOMENT, THREE, Case, FakePort, Opened, connected, ways
from .teardown import NotOver, by_protocol, tear_down


class Step10Limit(Case):
    """What has not ended by the limit is named, and fails the teardown.

    Write the last part of tear_down(), in teardown.py. If something has not ended limit seconds
    after the call, on the clock, the Deferred fails with NotOver alone, whatever else has failed
    or raised. The message has "the port" and the sides' names, of those that have not ended and
    of no others; what has failed has ended. An end after the limit raises nothing, fires nothing
    a second time, and leaves no failure behind. If everything ends in time, the results are those
    of steps 8 and 9. Nothing is left on the clock.
    """

    def assert_names(self, done, late, when):
        """It failed with NotOver, which names these of the three, and no others."""
        got = self.look(done, "from tear_down()")
        self.assertTrue(failed_with(got, NotOver), f"Expected NotOver {when}; got {got!r}.")
        named = [name for name in THREE if name in str(got.reason)]
        self.assertEqual(
            named, list(late), f"Expected just {list(late)} to be named {when}; got {got!r}."
        )

    def test_names(self):
        """At the limit, not before, it fails with NotOver, which names what is not over, and nothing else."""
        for count in (1, 2, 3):
            for late in combinations(THREE, count):
                opened = Opened()
                done = opened.tear_down()
                opened.end(*(name for name in THREE if name not in late))
                opened.clock.advance(1)
                opened.clock.advance(2 - MOMENT)
                still = f"with {', '.join(late)} still open"
                self.assert_pending(done, f"{MOMENT} s before a limit of 3 s, {still}")
                opened.clock.advance(MOMENT)
                self.assert_names(done, late, f"after 3 s, {still}")

    def test_side_names(self):
        """A side has the name with which it was made, whatever that is."""
        clock = Clock()
        names = "Client no. 7", "client No. 8"
        sides = [by_protocol(name, connected()) for name in names]
        done = tear_down(None, sides, clock)
        clock.pump([1, 2])
        got = self.look(done, "from tear_down()")
        self.assertTrue(
            isinstance(got, Failed) and all(name in str(got.reason) for name in names),
            f"Expected a failure that names 'Client no. 7' and 'client No. 8'; got {got!r}.",
        )
        done = tear_down(None, [by_protocol("", connected())], clock)
        clock.pump([1, 2])
        got = self.look(done, "from tear_down()")
        self.assertTrue(
            failed_with(got, NotOver), f"Expected NotOver for the name ''; got {got!r}."
        )

    def test_one_name(self):
        """If several sides have one name, and one of them has not ended, the name is reported."""
        for late in range(3):
            clock, protocols = Clock(), [connected() for _ in range(3)]
            done = tear_down(None, [by_protocol("a side", one) for one in protocols], clock)
            for number, protocol in enumerate(protocols):
                if number != late:
                    protocol.transport.end()
            clock.pump([1, 2])
            got = self.look(done, "from tear_down()")
            self.assertTrue(
                failed_with(got, NotOver) and "a side" in str(got.reason),
                f"Expected NotOver to name 'a side', though two others of this name are over; got {got!r}.",
            )

    def test_port_alone(self):
        """A port without any sides has the same limit, and is named."""
        clock, closing = Clock(), Deferred()
        done = tear_down(FakePort(closing), [], clock, grace=1, limit=2)
        clock.advance(2 - MOMENT)
        self.assert_pending(done, f"{MOMENT} s before a limit of 2 s, with the port alone")
        clock.advance(MOMENT)
        self.assert_names(done, ["the port"], "after 2 s of 2 s, with the port alone")
        closing.callback(None)

    def test_as_given(self):
        """The limit may be any number of seconds, and does not depend on the grace."""
        for limit in (4 * MOMENT, 60.0):
            opened = Opened()
            opened.clock.advance(7)
            done = opened.tear_down(grace=limit / 4, limit=limit)
            opened.clock.pump([limit / 4, 3 * limit / 4 - MOMENT])
            self.assert_pending(done, f"{MOMENT} s before a limit of {limit} s")
            opened.clock.advance(MOMENT)
            self.assert_names(done, THREE, f"after {limit} s of {limit} s")

    def test_port_s_callback(self):
        """A port whose Deferred waits in a callback has not ended, though its `called` is true."""
        opened = Opened()
        closing = opened.port.gives
        opened.port.gives = succeed(None).addCallback(lambda _: closing)
        done = opened.tear_down()
        opened.end("the client", "the server")
        opened.clock.pump([1, 2])
        self.assert_names(done, ["the port"], "when a callback of the port's Deferred still waits")

    def test_what_failed(self):
        """What has failed has ended, and is not named; if anything is late, only NotOver is reported, none logged."""
        for late in THREE[1:]:
            for error in EXCEPTIONS:
                opened = Opened()
                opened.port.gives = fail(error)
                for protocol in (opened.client, opened.server):
                    protocol.transport.raises = protocol.transport.abort_raises = error
                done = opened.tear_down()
                opened.clock.advance(1)
                opened.end(*(name for name in THREE[1:] if name != late))
                opened.clock.advance(2)
                when = f"when all others have ended, and every request has failed with {error!r}"
                self.assert_names(done, [late], when)
        del opened, done, protocol
        self.assert_nothing_logged("when a side is late, and everything else has failed")

    def test_asked(self):
        """By then, the port has been stopped, and both sides closed and aborted."""
        opened = Opened()
        done = opened.tear_down()
        opened.clock.pump([1, 2])
        self.look(done, "from tear_down()")
        stops, asked = opened.port.stops, opened.asked
        self.assertEqual(stops, 1, f"Expected one call of port.stopListening(); got {stops}.")
        expected = [["loseConnection", "abortConnection"]] * 2
        self.assertEqual(asked, expected, f"Expected {expected} for the sides; got {asked}.")

    def test_late_failure(self):
        """A failure after the limit is not logged."""
        opened = Opened()
        done = opened.tear_down()
        opened.clock.pump([1, 2])
        self.look(done, "from tear_down()")
        opened.port.gives.errback(OSError("the port would not close"))
        opened.end("the client", "the server")
        del opened, done
        self.assert_nothing_logged("when the port has failed after the limit")

    def test_late_ends(self):
        """An end after the limit raises nothing, and logs nothing, in each of the six orders."""
        for order in permutations(THREE):
            opened = Opened()
            done = opened.tear_down()
            opened.clock.pump([1, 2])
            self.look(done, "from tear_down()")
            for name in order:
                try:
                    opened.end(name)
                except AlreadyCalledError:
                    self.fail(
                        f"Expected no exception when {name} ends after the limit; got AlreadyCalledError."
                    )
        del opened, done
        self.assert_nothing_logged("when all ends come after the limit")

    def test_in_time(self):
        """If everything is over just before the limit, the Deferred fires with None, and keeps that result."""
        opened = Opened()
        done = opened.tear_down()
        opened.clock.pump([1, 2 - MOMENT])
        opened.end(*THREE)
        self.assert_done(done, f"{MOMENT} s before a limit of 3 s, when all three have ended")
        opened.clock.advance(1)
        self.assert_done(done, "after the limit, when all three had ended before it")

    def test_failure_in_time(self):
        """A failure before the limit is still reported as it is, after all have ended."""
        for error in EXCEPTIONS:
            opened = Opened()
            done = opened.tear_down()
            opened.port.gives.errback(error)
            opened.end("the client")
            self.assert_pending(done, "after the port failed and the client ended")
            opened.end("the server")
            self.assert_failed(done, error, "after the third")

    def test_raised_in_time(self):
        """So is an exception that a close or an abort has raised."""
        for stroke, what in (("raises", "closing"), ("abort_raises", "aborting")):
            for error in EXCEPTIONS:
                opened = Opened()
                setattr(opened.client.transport, stroke, error)
                done = opened.tear_down()
                opened.clock.advance(1)
                opened.end(*THREE)
                self.assert_failed(done, error, f"after all three, if {what} the client raises")

    def test_nothing_left(self):
        """When it is over, nothing is left on the clock, in whatever way it ended."""
        for what, run in ways():
            done, clock = run()
            self.assert_ended(done, what)
            self.assert_clock_empty(clock, what)
        opened, left = Opened(), []
        done = opened.tear_down()
        done.addCallback(lambda _: left.extend(opened.clock.getDelayedCalls()))
        opened.end(*THREE)
        self.assertEqual(left, [], f"Expected an empty clock when the Deferred fires; got {left}.")
        opened = Opened()
        done = opened.tear_down()
        opened.clock.pump([1, 2])
        self.look(done, "from tear_down()")
        self.assert_clock_empty(opened.clock, "after the limit")
