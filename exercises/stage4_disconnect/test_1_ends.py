"""The events that end a port and a connection."""

from twisted.internet.defer import AlreadyCalledError, Deferred, fail, succeed
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure

from .fakes import EXCEPTIONS, RESULTS, AlikeRecorder, Case, FakePort, Recorder, connected
from .teardown import over, stopped


class Step01Port(Case):
    """A port is stopped, and a Deferred fires when it no longer listens.

    Write stopped(), in teardown.py. It calls port.stopListening() once. Its Deferred fires with
    None: at once if stopListening() returned None, otherwise when the Deferred that this returned
    has its result, whatever that is. If stopListening() raises, or its Deferred fails, with any
    Exception, the Deferred fails with that; stopped() itself never raises. Only the port fires
    the port's Deferred.
    """

    def test_none(self):
        """If stopListening() returns None, the Deferred has fired already, with None."""
        port = FakePort(None)
        self.assert_done(stopped(port), "when stopListening() returns None")
        self.assertEqual(
            port.stops, 1, f"Expected one call of port.stopListening(); got {port.stops}."
        )

    def test_deferred(self):
        """If stopListening() returns a Deferred, ours fires when that one fires, not before."""
        stopping = Deferred()
        port = FakePort(stopping)
        ended = stopped(port)
        self.assertFalse(
            stopping.called,
            "Expected only the port to fire stopListening()'s Deferred, when it has closed; "
            "stopped() fired it, so the port would raise AlreadyCalledError.",
        )
        self.assert_pending(ended, "while stopListening()'s Deferred has none")
        stopping.callback(None)
        self.assert_done(ended, "after stopListening()'s Deferred has fired")
        self.assertEqual(
            port.stops, 1, f"Expected one call of port.stopListening(); got {port.stops}."
        )

    def test_result(self):
        """Its result is None, whatever the result of stopListening()'s Deferred is, even an exception."""
        for result in RESULTS:
            stopping = Deferred()
            ended = stopped(FakePort(stopping))
            stopping.callback(result)
            self.assert_done(ended, f"when stopListening()'s Deferred has fired with {result!r}")

    def test_chained(self):
        """A Deferred whose callback waits for another Deferred has no result yet, though its `called` is true."""
        closed = Deferred()
        ended = stopped(FakePort(succeed(None).addCallback(lambda _: closed)))
        self.assert_pending(ended, "while stopListening()'s Deferred waits for another")
        closed.callback(None)
        self.assert_done(ended, "when stopListening()'s Deferred has its result")

    def test_twice(self):
        """If stopped() is called twice, each Deferred fires with None when the port has stopped; it is asked once."""
        port = FakePort(Deferred())
        stopped(port).addCallback(lambda _: Deferred())
        ended = stopped(port)
        self.assert_pending(ended, "from the second call, while the port closes")
        port.gives.callback(None)
        self.assert_done(ended, "from the second call, when the port has stopped")
        self.assertEqual(port.stops, 1, f"Expected one call of stopListening(); got {port.stops}.")

    def test_fails(self):
        """If stopListening()'s Deferred fails, ours fails with the same exception, whatever that is."""
        for error in EXCEPTIONS:
            ended = stopped(FakePort(fail(error)))
            self.assert_failed(ended, error, "as stopListening()'s Deferred did")

    def test_fails_late(self):
        """It also does if that Deferred fails later."""
        for error in EXCEPTIONS:
            stopping = Deferred()
            ended = stopped(FakePort(stopping))
            stopping.errback(error)
            self.assert_failed(ended, error, "after stopListening()'s Deferred has failed")

    def test_raises(self):
        """If stopListening() itself raises, stopped() does not: the Deferred fails with the exception."""
        for error in EXCEPTIONS:
            try:
                ended = stopped(FakePort(error))
            except type(error) as raised:
                self.fail(
                    f"Expected a Deferred that fails with what stopListening() raised; stopped() itself "
                    f"raised {raised!r}, so that everything else would stay open."
                )
            self.assert_failed(ended, error, "when stopListening() raises it")


class Step02Connection(Case):
    """A Deferred fires when a connection is over, however it ended.

    Write over(), in teardown.py. Use after(). A protocol learns of the end by connectionLost,
    with a reason or without one. After that call the Deferred fires with None, whatever the
    reason; nothing else fires it, it never fails, and over() closes nothing. The protocol's own
    connectionLost is still called, once, first, and with the same arguments; if it raises, the
    exception goes on, and the Deferred still fires.
    """

    def end(self, protocol, error):
        """End the connection with this error."""
        try:
            protocol.transport.end(error)
        except AlreadyCalledError:
            self.fail(
                f"Expected the Deferred to be fired once when the connection ends with {error!r}; "
                "it was fired twice."
            )

    def test_clean(self):
        """If the connection was closed cleanly, the Deferred fires with None."""
        protocol = connected()
        ended = over(protocol)
        self.end(protocol, ConnectionDone())
        self.assert_done(ended, "after connectionLost was called with ConnectionDone")

    def test_broken(self):
        """If the connection broke, for any reason, the Deferred fires with None too: it does not fail."""
        for error in (ConnectionLost(), ConnectionAborted(), *EXCEPTIONS):
            protocol = connected()
            ended = over(protocol)
            self.end(protocol, error)
            self.assert_done(ended, f"after connectionLost was called with {error!r}")

    def test_no_reason(self):
        """connectionLost() may be called without a reason, as Protocol's may; then none is passed on."""
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
        self.assert_done(ended, "after connectionLost was called without a reason")
        expected = ["none given"]
        self.assertEqual(heard, expected, f"Expected no reason to be passed on; got {heard}.")

    def test_named_reason(self):
        """connectionLost(reason=...) may be called with a keyword, which is passed on."""
        protocol, error = connected(Recorder()), ConnectionLost()
        ended = over(protocol)
        try:
            protocol.connectionLost(reason=Failure(error))
        except TypeError as raised:
            self.fail(f"Expected connectionLost(reason=...) to be called as before: {raised}")
        self.assert_done(ended, "after connectionLost was called with a keyword")
        got, expected = protocol.events, ["connectionMade", error]
        self.assertEqual(got, expected, f"Expected these events: {expected}; got {got}.")

    def test_not_before(self):
        """Neither bytes nor a request to close fire it, and over() closes nothing."""
        protocol = connected()
        ended = over(protocol)
        asked = protocol.transport.asked
        self.assertEqual(
            asked, [], f"Expected over() to leave the connection open; it asked {asked}."
        )
        protocol.dataReceived(b"hello")
        self.assert_pending(ended, "after bytes have arrived")
        protocol.transport.loseConnection()
        self.assert_pending(ended, "after loseConnection(), before the connection has ended")

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
        """If the protocol's own connectionLost raises, the exception goes on, and the Deferred still fires."""
        for error in EXCEPTIONS:
            protocol = connected(Recorder(error))
            ended, done = over(protocol), ConnectionDone()
            ended.addCallback(lambda _, events=protocol.events: events.append("over"))
            try:
                protocol.transport.end(done)
            except type(error):
                self.assert_done(ended, "when the protocol's own connectionLost raises")
            else:
                self.fail(
                    "Expected the exception of the protocol's own connectionLost to go on, so that it is "
                    f"seen; {error!r} was caught."
                )
            got, expected = protocol.events, ["connectionMade", done, "over"]
            self.assertEqual(got, expected, f"Expected these events: {expected}; got {got}.")

    def test_asked_twice(self):
        """If over() is called twice, each Deferred fires with None; the protocol's own connectionLost is called once."""
        protocol, error = connected(Recorder()), ConnectionDone()
        over(protocol).addCallback(lambda _: "the result of somebody else's callback")
        ended = over(protocol), over(protocol)
        self.end(protocol, error)
        for number, one in enumerate(ended, 1):
            self.assert_done(
                one, f"from call no. {number + 1} of three, when the connection is over"
            )
        got, expected = protocol.events, ["connectionMade", error]
        self.assertEqual(got, expected, f"Expected these events: {expected}; got {got}.")

    def test_same_protocol(self):
        """The protocol keeps its class, and the class is not changed."""
        before, protocol = Recorder.connectionLost, connected(Recorder())
        over(protocol)
        self.assert_class(protocol, Recorder, "after over()")
        self.assertIs(
            Recorder.connectionLost, before, "Expected over() not to change the class's method."
        )

    def test_two(self):
        """Two protocols of one class are kept apart, even if they are equal, or false."""
        for kind in (Protocol, AlikeRecorder):
            one, other = connected(kind()), connected(kind())
            ended = over(one), over(other)
            self.end(other, ConnectionDone())
            self.assert_pending(ended[0], "for a protocol when only another's connection is over")
            self.assert_done(ended[1], "after connectionLost was called")
            self.end(one, ConnectionDone())
            self.assert_done(ended[0], "after connectionLost was called")

    def test_wait_after_the_event(self):
        """A Deferred made before the event may be waited for after it."""
        protocol, seen = connected(), []
        ended = over(protocol)
        self.end(protocol, ConnectionDone())
        self.look(ended, "from over()")
        ended.addCallback(seen.append)
        self.assertEqual(
            seen,
            [None],
            f"Expected a callback added after the event to be called at once, with None; got {seen}.",
        )
