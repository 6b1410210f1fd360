"""The events by which a port and a connection end."""

from twisted.internet.defer import AlreadyCalledError, Deferred, fail
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost

from .fakes import Case, FakePort, Recorder, connected
from .teardown import over, stopped


class Step01Port(Case):
    """A port is stopped, and a Deferred tells when that is done.

    Write stopped(), in teardown.py. A port's stopListening() gives a Deferred where closing takes
    time, and None where it is done already: real ports give the one, some of Twisted's fakes and
    some ports the other. Give a Deferred in either case. The one that you get is the port's to
    fire; you may only add to it.
    """

    def test_none(self):
        """Where stopListening() gives None, the Deferred has fired already, with None."""
        port = FakePort(None)
        self.assert_done(stopped(port), "where stopListening() gives None")
        self.assertEqual(
            port.stops, 1, f"Expected one call of port.stopListening(); got {port.stops}."
        )

    def test_deferred(self):
        """Where stopListening() gives a Deferred, ours fires when that one does, not before."""
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
        stopping = Deferred()
        ended = stopped(FakePort(stopping))
        stopping.callback("closed")
        self.assert_done(ended, "though stopListening()'s Deferred fired with 'closed'")

    def test_fails(self):
        """Where stopListening()'s Deferred fails, ours fails with the same reason."""
        error = OSError("the port would not close")
        ended = stopped(FakePort(fail(error)))
        self.assert_failed(ended, error, "as stopListening()'s Deferred did")

    def test_raises(self):
        """Where stopListening() itself raises, stopped() does not: the Deferred fails with that."""
        error = OSError("the port would not close")
        try:
            ended = stopped(FakePort(error))
        except OSError as raised:
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
    all the same, since it is the program that is being tested.
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
        """When the connection broke, the Deferred fires with None too: it does not fail."""
        for error in (ConnectionLost(), ConnectionAborted()):
            protocol = connected()
            ended = over(protocol)
            self.end(protocol, error)
            self.assert_done(ended, f"once connectionLost was called with {error!r}")

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
        protocol, error = connected(Recorder()), ConnectionLost()
        over(protocol).addCallback(lambda _: protocol.events.append("over"))
        self.end(protocol, error)
        got = protocol.events
        expected = ["connectionMade", error, "over"]
        self.assertEqual(got, expected, f"Expected these events: {expected}; got {got}.")

    def test_own_method_raises(self):
        """Where the protocol's own connectionLost raises, that goes on, and the Deferred fires all the same."""
        error = RuntimeError("a bug in the program")
        protocol = connected(Recorder(error))
        ended = over(protocol)
        try:
            protocol.transport.end()
        except RuntimeError:
            self.assert_done(ended, "where the protocol's own connectionLost raises")
        else:
            self.fail(
                "Expected what the protocol's own connectionLost raises to be raised again, so that "
                "it is seen; it was caught."
            )

    def test_two(self):
        """Two protocols of one class are kept apart."""
        one, other = connected(), connected()
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
