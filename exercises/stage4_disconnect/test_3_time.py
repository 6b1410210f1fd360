"""Teardowns that take too long, on a Clock that the test advances: the grace."""

from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock

from .fakes import EXCEPTIONS, MOMENT, THREE, Case, FakePort, Opened, connected, ways
from .teardown import by_protocol, tear_down


class Step09Grace(Case):
    """A side that does not close within the grace is aborted.

    Write the second part of tear_down(), in teardown.py. grace seconds after the call, on the
    clock and not before, it aborts each side that is not over when its turn comes, even if its
    close has raised. An abort is a request too: the teardown still waits for each end, and
    ignores what abort() returns. If an abort raises, the others are still aborted; after all have
    ended, the Deferred fails with the exception, unless something in step 8 has failed. When the
    Deferred fires or fails, nothing is left on the clock: take_off() is given for that.
    """

    def assert_asked(self, protocol, expected, when):
        asked = protocol.transport.asked
        self.assertEqual(asked, expected, f"Expected {expected} to be asked {when}; got {asked}.")

    def test_unread(self):
        """Sides whose peer does not read are aborted after the grace, not before; then the teardown is over."""
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
        """A side that is over by then is not aborted, and does not change the other's grace."""
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
                f"Expected no further call to {early}, over after 0.75 s; got {asked[early]}.",
            )
            self.assertEqual(
                asked[late],
                ["loseConnection", "abortConnection"],
                f"Expected {late} to be aborted 1 s after the teardown began; calls: {asked[late]}.",
            )
            self.assert_done(done, f"after {late} was aborted")

    def test_producer(self):
        """A side whose producer is never unregistered is aborted too."""
        protocol = connected(ends_by=["loseConnection", "abortConnection"])
        protocol.transport.registerProducer(object(), True)
        clock = Clock()
        sides = iter([by_protocol("the server", protocol)])  # which can be iterated only once
        done = tear_down(FakePort(), sides, clock)
        self.assert_pending(done, "while loseConnection() waits for the producer")
        clock.advance(1)
        self.assert_done(done, "1 s later, aborted, with its producer still registered")

    def test_as_given(self):
        """The grace may be any number of seconds, even 0."""
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
        """A side whose close has raised is aborted too, if it is not over."""
        for error in EXCEPTIONS:
            opened = Opened(ends_by=["abortConnection"], raises=error)
            done = opened.tear_down()
            opened.end("the port")
            opened.clock.advance(1)
            for protocol in (opened.client, opened.server):
                self.assert_asked(
                    protocol,
                    ["loseConnection", "abortConnection"],
                    f"by the end of the grace, if each close raises {error!r}",
                )
            self.assert_failed(done, error, "when both sides were aborted")

    def test_one_name(self):
        """Each side that is not over is aborted, even if all have one name."""
        clock, protocols = Clock(), [connected() for _ in range(3)]
        tear_down(None, [by_protocol("a side", one) for one in protocols], clock)
        protocols[1].transport.end()
        clock.advance(1)
        asked = [protocol.transport.asked[1:] for protocol in protocols]
        expected = [["abortConnection"], [], ["abortConnection"]]
        self.assertEqual(asked, expected, f"Expected {expected} of three of one name; got {asked}.")

    def test_what_an_abort_gives(self):
        """What an abort returns is neither an end nor a failure: only `over` marks the end."""
        failed = fail(OSError("no failure of the teardown"))
        self.addCleanup(failed.addErrback, lambda failure: None)
        results = {"a Deferred": Deferred(), "a failed Deferred": failed, "False": False}
        results["an exception"] = OSError("no failure")
        for name, gives in results.items():
            opened = Opened(gives=gives)
            done = opened.tear_down()
            opened.clock.advance(1)
            opened.end("the port", "the client")
            self.assert_pending(done, f"before the server's end, if each abort returns {name}")
            opened.end("the server")
            self.assert_done(done, f"after all three, if each abort returns {name}")

    def test_over_within_an_abort(self):
        """A side that was ended by another's abort is over when its turn comes: it is not aborted."""
        opened = Opened(ends_by=["abortConnection"])
        opened.client.transport.peer, opened.server.transport.peer = opened.server, opened.client
        done = opened.tear_down()
        opened.end("the port")
        opened.clock.advance(1)
        aborts = sum(asked.count("abortConnection") for asked in opened.asked)
        self.assertEqual(
            aborts, 1, f"Expected one abort, as it ends both sides; calls: {opened.asked}."
        )
        self.assert_done(done, "when the abort has ended both sides")

    def test_abort_raises(self):
        """If an abort raises anything, the others are still aborted, and it is reported after all have ended."""
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
                        f"Expected {raised!r} to be reported after all have ended; it was raised at once."
                    )
                for protocol in (opened.client, opened.server):
                    self.assert_asked(
                        protocol,
                        ["loseConnection", "abortConnection"],
                        f"if aborting {side} raises {error!r}",
                    )
                opened.end("the client")
                self.assert_pending(done, f"before the server's end, if aborting {side} raises")
                opened.end("the server")
                self.assert_failed(done, error, f"after all have ended, if aborting {side} raises")

    def test_last_abort_raises(self):
        """An abort that ends the last side, and then raises, is reported."""
        error = RuntimeError("ended, but not well")
        for name in ("client", "server"):
            opened = Opened()
            done = opened.tear_down()
            transport = getattr(opened, name).transport

            def abort(transport=transport):
                transport.end()
                raise error

            opened.sides[name == "server"].abort = abort
            opened.end(*(end for end in THREE if end != f"the {name}"))
            opened.clock.advance(1)
            self.assert_failed(done, error, f"if the {name}'s abort ends it, then raises")

    def test_close_and_abort_raise(self):
        """If closes and aborts raise, the first close is reported, or else the first abort."""
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
        """When it is over, nothing is left on the clock, in whatever way it ended."""
        for what, run in ways():
            done, clock = run()
            self.assert_ended(done, what)
            self.assert_clock_empty(clock, what)
