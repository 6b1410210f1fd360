"""Teardowns that take too long, on a Clock that goes on when told to: the grace, and the limit."""

from itertools import combinations, permutations

from twisted.internet.defer import AlreadyCalledError, Deferred, fail, succeed
from twisted.internet.task import Clock

from ..wire import Failed, failed_with
from .fakes import EXCEPTIONS, MOMENT, THREE, Case, FakePort, Opened, connected
from .teardown import NotOver, by_protocol, tear_down


def ways():
    """The ways in which a teardown can end, in words, each with what does it: gives its Deferred and its clock."""

    def in_order(order, prepare=lambda opened: None):
        def run():
            opened = Opened()
            prepare(opened)
            done = opened.tear_down()
            opened.end(*order)
            return done, opened.clock

        return run

    def raising(opened):
        opened.client.transport.raises = RuntimeError("the client would not close")

    def port_fails(opened):
        opened.port.gives = fail(OSError("the port would not close"))

    def at_once():
        opened = Opened(ends_by=["loseConnection"])
        opened.port.gives = None
        return opened.tear_down(), opened.clock

    def nothing():
        clock = Clock()
        return tear_down(None, [], clock), clock

    def aborted(opened, *late):
        done = opened.tear_down()
        opened.end("the port")
        opened.clock.advance(1)
        opened.end(*late)
        return done, opened.clock

    def abort_raises(opened):
        for protocol in (opened.client, opened.server):
            protocol.transport.abort_raises = RuntimeError("no abort")
        return aborted(opened, *THREE[1:])

    for order in permutations(THREE):
        yield f"after {', then '.join(order)}", in_order(order)
    yield "where the client was over before", in_order(THREE[::2], lambda o: o.end("the client"))
    yield "where closing the client raised", in_order(THREE, raising)
    yield "where the port failed", in_order(THREE[1:], port_fails)
    yield "where everything ended at once", at_once
    yield "where nothing was open", nothing
    yield (
        "where abortConnection() ended the sides at once",
        lambda: aborted(Opened(ends_by=["abortConnection"])),
    )
    yield "where the sides ended after abortConnection()", lambda: aborted(Opened(), *THREE[1:])
    yield "where aborting the sides raised", lambda: abort_raises(Opened())


class Step09Grace(Case):
    """A side that does not close within the grace is aborted.

    Write the second part of tear_down(), in teardown.py. loseConnection first delivers what is
    unsent: to a peer that does not read, never. It also waits for a producer until that is
    unregistered. abortConnection waits for neither. It loses what is unsent, so it comes second:
    grace seconds after the teardown began, by the clock that was passed in, and only for sides
    that are not over. Asking is still not ending: the teardown goes on waiting. An abort that
    raises keeps no other from its own, and is reported at the end. When it is done, nothing is
    left on the clock; take_off() is given for that.
    """

    def assert_asked(self, protocol, expected, when):
        asked = protocol.transport.asked
        self.assertEqual(asked, expected, f"Expected {expected} to be asked {when}; got {asked}.")

    def test_unread(self):
        """Sides whose peer does not read are aborted at the end of the grace, not before; then it is done."""
        opened = Opened(ends_by=["abortConnection"])
        done = opened.tear_down()
        opened.end("the port")
        opened.clock.advance(1 - MOMENT)
        for protocol in (opened.client, opened.server):
            self.assert_asked(protocol, ["loseConnection"], f"{MOMENT} s before a grace of 1 s")
        self.assert_pending(done, f"{MOMENT} s before a grace of 1 s, with both sides open")
        opened.clock.advance(MOMENT)
        for protocol in (opened.client, opened.server):
            self.assert_asked(
                protocol, ["loseConnection", "abortConnection"], "by the end of a grace of 1 s"
            )
        self.assert_done(done, "when the abort has ended both sides")

    def test_only_what_is_open(self):
        """A side that is over by then is not aborted, and does not move the other's grace."""
        for late, early in ((THREE[1], THREE[2]), (THREE[2], THREE[1])):
            opened = Opened(ends_by=["abortConnection"])
            done = opened.tear_down()
            opened.clock.advance(0.75)
            opened.end("the port", early)
            opened.clock.advance(0.25)
            asked = dict(zip(THREE[1:], opened.asked, strict=True))
            self.assertEqual(
                asked[early],
                ["loseConnection"],
                f"Expected nothing more to be asked of {early}, over after 0.75 s; got {asked[early]}.",
            )
            self.assertEqual(
                asked[late],
                ["loseConnection", "abortConnection"],
                f"Expected {late} to be aborted 1 s after the teardown began; asked: {asked[late]}.",
            )
            self.assert_done(done, f"when {late} was aborted")

    def test_producer(self):
        """A side whose producer was never unregistered is ended so too."""
        protocol = connected(ends_by=["loseConnection", "abortConnection"])
        protocol.transport.registerProducer(object(), True)
        clock = Clock()
        sides = iter([by_protocol("the server", protocol)])  # which can be gone through only once
        done = tear_down(FakePort(), sides, clock)
        self.assert_pending(done, "while loseConnection() waits for the producer")
        clock.advance(1)
        self.assert_done(done, "1 s later, aborted, with its producer still registered")

    def test_as_given(self):
        """The grace is as given."""
        for grace in (2 * MOMENT, 0.5, 60.0):
            opened = Opened(ends_by=["abortConnection"])
            opened.clock.advance(7)
            opened.tear_down(grace=grace, limit=2 * grace)
            opened.clock.advance(grace - MOMENT)
            self.assert_asked(
                opened.client, ["loseConnection"], f"{MOMENT} s before a grace of {grace} s"
            )
            opened.clock.advance(MOMENT)
            self.assert_asked(
                opened.client, ["loseConnection", "abortConnection"], f"after a grace of {grace} s"
            )
        opened = Opened(ends_by=["abortConnection"])
        opened.tear_down(grace=0)
        opened.clock.advance(0)
        self.assert_asked(
            opened.client, ["loseConnection", "abortConnection"], "for a grace of 0 s"
        )

    def test_abort_is_waited_for(self):
        """A side that was aborted is waited for until it is over."""
        opened = Opened()
        done = opened.tear_down()
        opened.end("the port", "the client")
        opened.clock.advance(1)
        self.assert_pending(done, "after abortConnection(), before the server's connectionLost")
        opened.end("the server")
        self.assert_done(done, "after the server's connectionLost")

    def test_close_raised(self):
        """A side whose close has raised is aborted, too, if it is not over."""
        for error in EXCEPTIONS:
            opened = Opened(ends_by=["abortConnection"], raises=error)
            done = opened.tear_down()
            opened.end("the port")
            opened.clock.advance(1)
            for protocol in (opened.client, opened.server):
                self.assert_asked(
                    protocol,
                    ["loseConnection", "abortConnection"],
                    f"by the end of the grace, where each close raises {error!r}",
                )
            self.assert_failed(done, error, "when both sides were aborted")

    def test_what_an_abort_gives(self):
        """What an abort gives is no end, and no failure: only `over` tells of the end."""
        for gives in (Deferred(), OSError("no failure"), False):
            opened = Opened(gives=gives)
            done = opened.tear_down()
            opened.clock.advance(1)
            opened.end("the port", "the client")
            self.assert_pending(done, f"before the server's end, where each abort gives {gives!r}")
            opened.end("the server")
            self.assert_done(done, f"after all three, where each abort gives {gives!r}")

    def test_over_within_an_abort(self):
        """A side that another's abort has ended is over when its turn comes: it is not aborted."""
        opened = Opened(ends_by=["abortConnection"])
        opened.client.transport.peer, opened.server.transport.peer = opened.server, opened.client
        done = opened.tear_down()
        opened.end("the port")
        opened.clock.advance(1)
        aborts = sum(asked.count("abortConnection") for asked in opened.asked)
        self.assertEqual(
            aborts, 1, f"Expected one abort, where that ends both sides; asked: {opened.asked}."
        )
        self.assert_done(done, "when the abort has ended both sides")

    def test_abort_raises(self):
        """An abort that raises keeps no other from its own, and is reported after all have ended, whatever it is."""
        for side, protocol_of in ((THREE[1], "client"), (THREE[2], "server")):
            for error in EXCEPTIONS:
                opened = Opened()
                getattr(opened, protocol_of).transport.abort_raises = error
                done = opened.tear_down()
                opened.end("the port")
                try:
                    opened.clock.advance(1)
                except type(error) as raised:
                    self.fail(
                        f"Expected it to be kept until all have ended; got {raised!r} at once."
                    )
                for protocol in (opened.client, opened.server):
                    self.assert_asked(
                        protocol,
                        ["loseConnection", "abortConnection"],
                        f"where aborting {side} raises {error!r}",
                    )
                opened.end("the client")
                self.assert_pending(done, f"before the server, where aborting {side} raises")
                opened.end("the server")
                self.assert_failed(done, error, f"after all, where aborting {side} raises it")

    def test_close_and_abort_raise(self):
        """Where closes and aborts raise, the first of the closes is reported, else the first of the aborts."""
        aborts = [RuntimeError("the client's abort"), RuntimeError("the server's abort")]
        for closes in ([None, None], [None, RuntimeError("the server's close")]):
            opened = Opened()
            for protocol, close, abort in zip(
                (opened.client, opened.server), closes, aborts, strict=True
            ):
                protocol.transport.raises, protocol.transport.abort_raises = close, abort
            done = opened.tear_down()
            opened.clock.advance(1)
            opened.end(*THREE)
            self.assert_failed(done, closes[1] or aborts[0], f"after closes that raise {closes}")
        del opened, done
        self.assert_nothing_logged("when closes and aborts have raised")

    def test_nothing_left(self):
        """When it is done, nothing is left on the clock, whichever way it ended."""
        for what, run in ways():
            done, clock = run()
            self.assert_ended(done, what)
            self.assert_clock_empty(clock, what)


class Step10Limit(Case):
    """An end that never comes fails the teardown, by name.

    Write the last part of tear_down(), in teardown.py. A Deferred that never fires makes trial
    wait for its timeout, 120 seconds by default, and then say only that it waited. After limit
    seconds by the clock, fail with NotOver instead, whose message has the names of what is not
    over: "the port", or a side's. What ends after that has nobody to tell: no Deferred is fired
    twice, no failure is left behind.
    """

    def assert_names(self, done, late, when):
        """It failed with NotOver, which names these of the three, and no other."""
        got = self.look(done, "from tear_down()")
        self.assertTrue(failed_with(got, NotOver), f"Expected NotOver {when}; got {got!r}.")
        named = [name for name in THREE if name in str(got.reason)]
        self.assertEqual(
            named, list(late), f"Expected just {list(late)} to be named {when}; got {got!r}."
        )

    def test_names(self):
        """At the limit, not before, it fails with NotOver, whose message names what is not over, and nothing else."""
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
        """A side is named as it was when it was made."""
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

    def test_one_name(self):
        """Of sides of one name, that which has not ended is named."""
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
                f"Expected NotOver to name 'a side', as two others that are over; got {got!r}.",
            )

    def test_port_alone(self):
        """A port without any side has the same limit, and is named."""
        clock, closing = Clock(), Deferred()
        done = tear_down(FakePort(closing), [], clock, grace=1, limit=2)
        clock.advance(2 - MOMENT)
        self.assert_pending(done, f"{MOMENT} s before a limit of 2 s, with the port alone")
        clock.advance(MOMENT)
        self.assert_names(done, ["the port"], "after 2 s of 2 s, with the port alone")
        closing.callback(None)

    def test_as_given(self):
        """The limit is as given, and the grace goes by its own time."""
        for limit in (4 * MOMENT, 60.0):
            opened = Opened()
            opened.clock.advance(7)
            done = opened.tear_down(grace=limit / 4, limit=limit)
            opened.clock.pump([limit / 4, 3 * limit / 4 - MOMENT])
            self.assert_pending(done, f"{MOMENT} s before a limit of {limit} s")
            opened.clock.advance(MOMENT)
            self.assert_names(done, THREE, f"after {limit} s of {limit} s")

    def test_port_s_callback(self):
        """A port whose Deferred has a callback that still waits has not ended, though its `called` is true."""
        opened = Opened()
        closing = opened.port.gives
        opened.port.gives = succeed(None).addCallback(lambda _: closing)
        done = opened.tear_down()
        opened.end("the client", "the server")
        opened.clock.pump([1, 2])
        self.assert_names(done, ["the port"], "where a callback of the port's Deferred waits")

    def test_what_failed(self):
        """What failed has ended, and is not named; if anything is named, NotOver alone is reported, and nothing logged."""
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
                when = f"where all else has ended, and all have failed with {error!r}"
                self.assert_names(done, [late], when)
        del opened, done, protocol
        self.assert_nothing_logged("when a side is late, and all else has failed")

    def test_asked(self):
        """All three were asked to end by then, and the sides to abort."""
        opened = Opened()
        done = opened.tear_down()
        opened.clock.pump([1, 2])
        self.look(done, "from tear_down()")
        stops, asked = opened.port.stops, opened.asked
        self.assertEqual(stops, 1, f"Expected one call of port.stopListening(); got {stops}.")
        expected = [["loseConnection", "abortConnection"]] * 2
        self.assertEqual(asked, expected, f"Expected {expected} of the sides; got {asked}.")

    def test_late_failure(self):
        """What fails after the limit leaves nothing for the log."""
        opened = Opened()
        done = opened.tear_down()
        opened.clock.pump([1, 2])
        self.look(done, "from tear_down()")
        opened.port.gives.errback(OSError("the port would not close"))
        opened.end("the client", "the server")
        del opened, done
        self.assert_nothing_logged("when the port has failed after the limit")

    def test_late_ends(self):
        """What ends after the limit raises nothing, and leaves nothing for the log, in each of the six orders."""
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
                        f"Expected {name} to end in peace after the limit; AlreadyCalledError."
                    )
        del opened, done
        self.assert_nothing_logged("when all ends come after the limit")

    def test_in_time(self):
        """What is over just before the limit is in time, and stays so."""
        opened = Opened()
        done = opened.tear_down()
        opened.clock.pump([1, 2 - MOMENT])
        opened.end(*THREE)
        self.assert_done(done, f"{MOMENT} s before a limit of 3 s, when all three have ended")
        opened.clock.advance(1)
        self.assert_done(done, "after the limit, when all three had ended before it")

    def test_failure_in_time(self):
        """A failure is still reported after all have ended, as it is, whatever it is."""
        for error in EXCEPTIONS:
            opened = Opened()
            done = opened.tear_down()
            opened.port.gives.errback(error)
            opened.end("the client")
            self.assert_pending(done, "after the port failed and the client ended")
            opened.end("the server")
            self.assert_failed(done, error, "after the third")

    def test_raised_in_time(self):
        """So is what a close or an abort has raised."""
        for stroke in ("raises", "abort_raises"):
            for error in EXCEPTIONS:
                opened = Opened()
                setattr(opened.client.transport, stroke, error)
                done = opened.tear_down()
                opened.clock.advance(1)
                opened.end(*THREE)
                self.assert_failed(done, error, f"after all three, where the client {stroke}")

    def test_nothing_left(self):
        """When it is done, or has failed, nothing is left on the clock, whichever way it ended."""
        for what, run in ways():
            done, clock = run()
            self.assert_ended(done, what)
            self.assert_clock_empty(clock, what)
        opened = Opened()
        done = opened.tear_down()
        opened.clock.pump([1, 2])
        self.look(done, "from tear_down()")
        self.assert_clock_empty(opened.clock, "after the limit")
