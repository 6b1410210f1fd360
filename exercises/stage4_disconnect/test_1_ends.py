"""The events by which a port and a connection end."""

from twisted.internet.defer import AlreadyCalledError, Deferred, fail, succeed
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.protocol import Protocol

from .fakes import EXCEPTIONS, RESULTS, AlikeRecorder, Case, FakePort, Recorder, connected
from .teardown import over, stopped


class Step01Port(Case):
    """A port is stopped, and a Deferred tells when that is done.

    Write stopped(), in teardown.py. A port's stopListening() gives a Deferred where closing takes
    time, and None where it is done already: real ports give the one, some of Twisted's fakes and
    some ports the other. Give a Deferred in either case. The one that you get is the port's to
    fire; you may only add to it.
    """

    def test_none(self):
        """If stopListening() gives None, the Deferred has fired already, with None."""
        port = FakePort(None)
        self.assert_done(stopped(port), "where stopListening() gives None")
        self.assertEqual(
            port.stops, 1, f"Expected one call of port.stopListening(); got {port.stops}."
        )

    def test_deferred(self):
        """If stopListening() gives a Deferred, ours fires when that one does, not before."""
        stopping = Deferred()
        port = FakePort(stopping)
        ended = stopped(port)
        self.assertFalse(
            stopping.called,
            "Expected stopListening()'s Deferred to be left to the port, which fires it once it is "
            "closed; stopped() fired it, so the port would raise AlreadyCalledError.",
        )
        self.assert_pending(ended, "while stopListening()'s Deferred has none")
        stopping.callback(None)
        self.assert_done(ended, "once stopListening()'s Deferred has fired")
        self.assertEqual(
            port.stops, 1, f"Expected one call of port.stopListening(); got {port.stops}."
        )

    def test_result(self):
        """Its result is None, whatever stopListening()'s was."""
        for result in RESULTS:
            stopping = Deferred()
            ended = stopped(FakePort(stopping))
            stopping.callback(result)
            self.assert_done(ended, f"though stopListening()'s Deferred fired with {result!r}")

    def test_chained(self):
        """A Deferred whose callback still waits for another has not fired, though its `called` is true."""
        closed = Deferred()
        ended = stopped(FakePort(succeed(None).addCallback(lambda _: closed)))
        self.assert_pending(ended, "while stopListening()'s Deferred waits for another")
        closed.callback(None)
        self.assert_done(ended, "once stopListening()'s Deferred has its result")

    def test_fails(self):
        """If stopListening()'s Deferred fails, ours fails with the same reason, whatever that is."""
        for error in EXCEPTIONS:
            ended = stopped(FakePort(fail(error)))
            self.assert_failed(ended, error, "as stopListening()'s Deferred did")

    def test_fails_late(self):
        """So it does where that Deferred fails after a while."""
        for error in EXCEPTIONS:
            stopping = Deferred()
            ended = stopped(FakePort(stopping))
            stopping.errback(error)
            self.assert_failed(ended, error, "once stopListening()'s Deferred has")

    def test_raises(self):
        """If stopListening() itself raises, stopped() does not: the Deferred fails with that."""
        for error in EXCEPTIONS:
            try:
                ended = stopped(FakePort(error))
            except type(error) as raised:
                self.fail(
                    f"Expected a Deferred that fails with what stopListening() raised; stopped() itself "
                    f"raised {raised!r}, and what else there is to close would stay open."
                )
            self.assert_failed(ended, error, "where stopListening() raises it")


class Step02Connection(Case):
    """A Deferred tells that a connection is over, however it ended.

    Write over(), in teardown.py. after() is there to help. That a connection is over is told to
    one object only: its protocol, by connectionLost(reason). The reason is always a Failure, and
    here it does not matter which: over is over. The protocol's own connectionLost must be called
    all the same, first, and its class be left alone, since it is the program that is being tested.
    """

    def end(self, protocol, error):
        """The connection ends so."""
        try:
            protocol.transport.end(error)
        except AlreadyCalledError:
            self.fail(
                f"Expected the Deferred to be fired once when the connection ends with {error!r}; "
                "it was fired twice."
            )

    def test_clean(self):
        """When the connection was closed in order, the Deferred fires with None."""
        protocol = connected()
        ended = over(protocol)
        self.end(protocol, ConnectionDone())
        self.assert_done(ended, "once connectionLost was called with ConnectionDone")

    def test_broken(self):
        """When the connection broke, for whatever reason, the Deferred fires with None too: it does not fail."""
        for error in (ConnectionLost(), ConnectionAborted(), *EXCEPTIONS):
            protocol = connected()
            ended = over(protocol)
            self.end(protocol, error)
            self.assert_done(ended, f"once connectionLost was called with {error!r}")

    def test_no_reason(self):
        """A protocol is told of its end without a reason, too: Protocol's connectionLost needs none."""
        heard = []

        class Notes(Protocol):
            def connectionLost(self, reason="none given"):
                heard.append(reason)

        protocol = connected(Notes())
        ended = over(protocol)
        try:
            protocol.connectionLost()
        except TypeError as error:
            self.fail(
                f"Expected connectionLost() to be called as before, without a reason: {error}"
            )
        self.assert_done(ended, "once connectionLost was called, without a reason")
        expected = ["none given"]
        self.assertEqual(heard, expected, f"Expected no reason to be passed on; got {heard}.")

    def test_not_before(self):
        """Neither bytes nor a request to close fire it, and nothing is closed by asking for it."""
        protocol = connected()
        ended = over(protocol)
        asked = protocol.transport.asked
        self.assertEqual(
            asked, [], f"Expected over() to leave the connection open; it asked {asked}."
        )
        protocol.dataReceived(b"hello")
        self.assert_pending(ended, "when bytes have come")
        protocol.transport.loseConnection()
        self.assert_pending(ended, "after loseConnection(), while the connection is still there")

    def test_own_method(self):
        """The protocol's own connectionLost is called, once, with its reason, before the Deferred fires."""
        for error in (ConnectionLost(), *EXCEPTIONS):
            protocol = connected(Recorder())
            over(protocol).addCallback(lambda _, events=protocol.events: events.append("over"))
            self.end(protocol, error)
            got = protocol.events
            expected = ["connectionMade", error, "over"]
            self.assertEqual(got, expected, f"Expected these events: {expected}; got {got}.")

    def test_own_method_raises(self):
        """If the protocol's own connectionLost raises, that goes on, and then the Deferred fires all the same."""
        for error in EXCEPTIONS:
            protocol = connected(Recorder(error))
            ended, done = over(protocol), ConnectionDone()
            ended.addCallback(lambda _, events=protocol.events: events.append("over"))
            try:
                protocol.transport.end(done)
            except type(error):
                self.assert_done(ended, "where the protocol's own connectionLost raises")
            else:
                self.fail(
                    "Expected what the protocol's own connectionLost raises to be raised again, so that "
                    f"it is seen; {error!r} was caught."
                )
            got, expected = protocol.events, ["connectionMade", done, "over"]
            self.assertEqual(got, expected, f"Expected these events: {expected}; got {got}.")

    def test_asked_twice(self):
        """Asked for twice, of one protocol, each Deferred fires with None; its own connectionLost is called once."""
        protocol, error = connected(Recorder()), ConnectionDone()
        over(protocol).addCallback(lambda _: "what somebody else made of it")
        ended = over(protocol), over(protocol)
        self.end(protocol, error)
        for number, one in enumerate(ended, 1):
            self.assert_done(
                one, f"from call no. {number + 1} of three, once the connection is over"
            )
        got, expected = protocol.events, ["connectionMade", error]
        self.assertEqual(got, expected, f"Expected these events: {expected}; got {got}.")

    def test_same_protocol(self):
        """The protocol's class stays its class, as it was."""
        before, protocol = Recorder.connectionLost, connected(Recorder())
        over(protocol)
        self.assert_class(protocol, Recorder, "after over()")
        self.assertIs(
            Recorder.connectionLost, before, "Expected over() to leave the class's method alone."
        )

    def test_two(self):
        """Two protocols of one class are kept apart, also where they are equal, or false."""
        for kind in (Protocol, AlikeRecorder):
            one, other = connected(kind()), connected(kind())
            ended = over(one), over(other)
            self.end(other, ConnectionDone())
            self.assert_pending(ended[0], "for a protocol when only another's connection is over")
            self.assert_done(ended[1], "once connectionLost was called")
            self.end(one, ConnectionDone())
            self.assert_done(ended[0], "once connectionLost was called")

    def test_wait_after_the_event(self):
        """Asked for before the event, it may be waited for after it."""
        protocol, seen = connected(), []
        ended = over(protocol)
        self.end(protocol, ConnectionDone())
        self.look(ended, "from over()")
        ended.addCallback(seen.append)
        self.assertEqual(
            seen,
            [None],
            f"Expected a callback that is added after the event to be called at once, with None; got {seen}.",
        )
