"""Time: slow clients, slow handlers, clients that leave, all of it on a Clock."""

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from .conversation import GET, Conversation, Recorder, assert_read_or_aborted
from .messages import Response
from .server import HTTPFactory


class TimeTestCase(SynchronousTestCase):
    """A test case with assertions on a conversation at a moment."""

    longMessage = False

    def assert_open(self, conversation, seconds, statuses=()):
        """At this moment the connection is open, and exactly these answers have come."""
        got = conversation.statuses()
        self.assertEqual(
            got,
            list(statuses),
            f"Expected the answers {list(statuses)} by {seconds} s; got {got!r}.",
        )
        state = conversation.state
        self.assertEqual(
            state, "open", f"Expected an open connection at {seconds} s; it is {state}."
        )

    def assert_ended(self, conversation, seconds, statuses):
        """By this moment it is closed, with loseConnection, after these answers."""
        got = conversation.statuses()
        self.assertEqual(
            got, list(statuses), f"Expected the answers {statuses} by {seconds} s; got {got!r}."
        )
        state = conversation.state
        self.assertEqual(
            state,
            "closed",
            f"Expected transport.loseConnection() by {seconds} s, which sends what was written; it is {state}.",
        )

    def assert_nothing_left(self, conversation, when):
        """The clock is empty, and stays so; nothing more is written."""
        sent, left = conversation.sent, conversation.clock.getDelayedCalls()
        self.assertEqual(
            len(left),
            0,
            f"Expected an empty clock once the connection is over, {when}; it has {left!r}.",
        )
        conversation.wait(130)
        more = conversation.sent[len(sent) :]
        self.assertEqual(more, b"", f"Expected no write after the end, {when}; got {more!r}.")


class Step12Deadline(TimeTestCase):
    """A client that does not finish its request gets a 408 and a close.

    Write _wait and your parts of _expire, dataReceived and connectionLost in server.py. A
    client has self.factory.timeout seconds on self.factory.clock: to begin a request, from the
    connection's beginning or the last answer; and to finish it, from its first byte. Later
    bytes do not move this deadline, and it is exact to fractions of a second. Each request and
    each connection has its own. Half a request is then answered with 408 (RFC 9110 15.5.9) and
    a close; without a request, just close.

    A connection has at most two calls on the clock, and none once it is over. One call is
    enough, if it compares the clock with _deadline and, when it is too early, schedules itself
    again for the rest. To move the call, or to replace it, is right too.
    """

    def test_half_a_request(self):
        """Half a request is answered with 408 when its time is over, not before."""
        for data in (b"G", GET[:-1]):
            conversation = Conversation(self)
            conversation.send(data)
            conversation.wait(59.75)
            self.assert_open(conversation, 59.75)
            conversation.wait(0.25)
            self.assert_ended(conversation, 60, [408])

    def test_timeout(self):
        """The factory sets the time."""
        conversation = Conversation(self, timeout=5)
        conversation.send(GET[:-1])
        conversation.wait(4.75)
        self.assert_open(conversation, 4.75)
        conversation.wait(0.25)
        self.assert_ended(conversation, 5, [408])

    def test_fractions(self):
        """A deadline is exact to a fraction of a second: a moment before it, nothing has ended."""
        moment = 2**-10
        for began in (0, 0.125, 0.375):
            for timeout in (0.5, 2.75, 60, 300.25):
                for data, statuses in ((GET, [200]), (GET[:-1], [408])):
                    clock = Clock()
                    conversation = Conversation(self, clock=clock, timeout=timeout)
                    clock.advance(began)
                    conversation.send(data)
                    clock.advance(timeout - moment)
                    self.assert_open(
                        conversation, began + timeout - moment, statuses[: data == GET]
                    )
                    clock.advance(moment)
                    self.assert_ended(conversation, began + timeout, statuses)

    def test_bytes_do_not_move_it(self):
        """A client that sends a byte every two seconds is still cut off at the deadline."""
        conversation, slow = Conversation(self), b"GET /a/long/target HTTP/1.1\r\nHost: a"
        for i in range(30):
            conversation.send(slow[i : i + 1])
            conversation.wait(1.75 if i == 29 else 2)
        self.assert_open(conversation, 59.75)
        conversation.wait(0.25)
        self.assert_ended(conversation, 60, [408])

    def test_silent(self):
        """A client that sends nothing gets a close and no answer when its time is over, not before."""
        conversation = Conversation(self)
        conversation.wait(59.75)
        self.assert_open(conversation, 59.75)
        conversation.wait(0.25)
        self.assert_ended(conversation, 60, [])

    def test_silent_after_an_answer(self):
        """After an answer, a client has the whole time again to begin its next request."""
        conversation = Conversation(self)
        conversation.wait(30)
        conversation.send(GET)
        conversation.wait(59.75)
        self.assert_open(conversation, 89.75, [200])
        conversation.wait(0.25)
        self.assert_ended(conversation, 90, [200])

    def test_late_beginning(self):
        """A request that begins late has the whole time from its first byte."""
        conversation = Conversation(self)
        conversation.wait(50)
        conversation.send(GET[:5])
        conversation.wait(59.75)
        self.assert_open(conversation, 109.75)
        conversation.wait(0.25)
        self.assert_ended(conversation, 110, [408])

    def test_second_request(self):
        """The second request of a connection has its own time."""
        conversation = Conversation(self)
        conversation.wait(20)
        conversation.send(GET + GET[:5])
        conversation.wait(59.75)
        self.assert_open(conversation, 79.75, [200])
        conversation.wait(0.25)
        self.assert_ended(conversation, 80, [200, 408])

    def test_in_time(self):
        """Requests that take most of their time are answered, ten in a row."""
        conversation = Conversation(self)
        for _ in range(10):
            conversation.send(GET[:9])
            conversation.wait(55)
            conversation.send(GET[9:])
        self.assert_open(conversation, 550, [200] * 10)

    def test_nothing_more(self):
        """After the 408 nothing reaches the handler."""
        conversation = Conversation(self)
        conversation.send(GET[:-1])
        conversation.wait(60)
        conversation.send(GET[-1:], GET)
        got = conversation.statuses()
        self.assertEqual(got, [408], f"Expected the 408 alone; got {got!r}.")
        got = conversation.handler.targets
        self.assertEqual(got, [], f"Expected no call of the handler after a 408; got {got!r}.")

    def test_connections_apart(self):
        """Each connection has a deadline of its own."""
        clock = Clock()
        factory = HTTPFactory(Recorder(), clock)
        first = Conversation(self, factory=factory, clock=clock)
        first.send(GET[:5])
        first.wait(30)
        second = Conversation(self, factory=factory, clock=clock)
        second.send(GET[:5])
        first.wait(30)
        self.assert_ended(first, 60, [408])
        self.assert_open(second, 60)
        second.wait(30)
        self.assert_ended(second, 90, [408])

    def test_few_calls(self):
        """A hundred requests do not leave a hundred calls on the clock."""
        conversation = Conversation(self)
        for _ in range(100):
            conversation.send(GET[:9], GET[9:])
        got = len(conversation.clock.getDelayedCalls())
        self.assertTrue(got <= 2, f"Expected at most two calls on the clock; there are {got}.")

    def test_nothing_left(self):
        """When the client leaves, no call of its connection is left on the clock."""
        for chunks in ([], [GET[:5]], [GET], [GET, GET[:5]]):
            conversation = Conversation(self)
            conversation.send(*chunks)
            conversation.wait(20)
            conversation.lose()
            self.assert_nothing_left(conversation, f"after {chunks!r}")


class Step13Ends(TimeTestCase):
    """No deadline while the handler works; an end for every connection.

    Write your parts of _expire in server.py. While the handler works, there is no deadline;
    after its answer, even a 500, even one that was there at once, the client has the whole time
    again. If the client has not read everything timeout seconds after loseConnection, abort the
    connection, not sooner, whatever the client sends meanwhile, and even if it had no answer.
    However a connection ends, no call is left on the clock.
    """

    def working(self):
        """A conversation whose request the handler works on, and the handler's Deferred."""
        deferred = Deferred()
        conversation = Conversation(self, Recorder(deferred))
        conversation.send(GET)
        return conversation, deferred

    def test_slow_handler(self):
        """A handler may take ten minutes; then its answer is sent."""
        conversation, deferred = self.working()
        conversation.wait(600)
        self.assert_open(conversation, 600)
        deferred.callback(Response(200))
        self.assert_open(conversation, 600, [200])

    def test_slow_request(self):
        """The time that the request took does not count against the handler's."""
        deferred = Deferred()
        conversation = Conversation(self, Recorder(deferred))
        conversation.send(GET[:5])
        conversation.wait(59)
        conversation.send(GET[5:])
        conversation.wait(100)
        self.assert_open(conversation, 159)
        deferred.callback(Response(200))
        self.assert_open(conversation, 159, [200])

    def test_after_a_slow_handler(self):
        """After a slow answer, the client has the whole time for its next request."""
        for seconds in (10, 59, 61, 300):
            conversation, deferred = self.working()
            conversation.wait(seconds)
            deferred.callback(Response(200))
            conversation.wait(59.75)
            self.assert_open(conversation, seconds + 59.75, [200])
            conversation.wait(0.25)
            self.assert_ended(conversation, seconds + 60, [200])

    def test_after_an_answer_at_once(self):
        """After an immediate answer, from a fired Deferred or a coroutine, the client has the whole time too."""

        async def at_once(request):
            return Response(200)

        for handler in (lambda request: succeed(Response(200)), at_once):
            conversation = Conversation(self, handler)
            conversation.send(GET)
            conversation.wait(59.75)
            self.assert_open(conversation, 59.75, [200])
            conversation.wait(0.25)
            self.assert_ended(conversation, 60, [200])

    def failed(self, conversation, seconds):
        """After a 500, the client has the whole time for its next request."""
        self.flushLoggedErrors()
        conversation.wait(59.75)
        self.assert_open(conversation, seconds + 59.75, [500])
        conversation.wait(0.25)
        self.assert_ended(conversation, seconds + 60, [500])

    def test_after_a_failure(self):
        """After a failure or a wrong result, at once or late, the client has the whole time too."""

        async def raises(request):
            raise RuntimeError

        for handler in (
            Recorder(RuntimeError()),
            lambda r: fail(RuntimeError()),
            raises,
            lambda r: 0,
        ):
            conversation = Conversation(self, handler)
            conversation.send(GET)
            self.failed(conversation, 0)
        for end in (lambda d: d.errback(RuntimeError()), lambda d: d.callback(0), Deferred.cancel):
            for seconds in (10, 70):
                conversation, deferred = self.working()
                conversation.wait(seconds)
                end(deferred)
                self.failed(conversation, seconds)

    def test_does_not_read(self):
        """A client that does not read its last answer is aborted after the timeout, not before."""
        bad, half = b"bad\r\n\r\n", GET[:5]
        for what, wait, chunks, more in (
            ("a 400", 30, [bad], 0),
            ("a 400, after an answer", 30, [GET, bad], 0),
            ("a 400 to a request byte by byte", 30, [bad[i : i + 1] for i in range(len(bad))], 0),
            ("a 408", 30, [half], 60),
            ("a 408, after an answer", 30, [GET, half], 60),
            ("silence", 0, [], 60),
            ("silence after an answer", 30, [GET], 60),
        ):
            conversation = Conversation(self)
            conversation.wait(wait)
            for chunk in chunks:
                conversation.send(chunk)
                conversation.wait(0 if chunk is chunks[-1] else 5)
            conversation.wait(more)
            assert_read_or_aborted(self, conversation, what)
            self.assert_nothing_left(conversation, f"after {what}")

    def test_does_not_read_after_a_slow_handler(self):
        """A client that does not read its last answer is aborted after the timeout, even after slow work."""
        for what, chunk, more in (
            ("a 400", b"bad\r\n\r\n", 0),
            ("a 408", GET[:5], 60),
            ("silence", b"", 60),
        ):
            conversation, deferred = self.working()
            conversation.wait(100)
            deferred.callback(Response(200))
            conversation.send(*[chunk] * bool(chunk))
            conversation.wait(more)
            assert_read_or_aborted(self, conversation, f"{what} after a handler that took 100 s")
            self.assert_nothing_left(conversation, f"after {what}")

    def test_few_calls(self):
        """A hundred slow answers do not leave a hundred calls on the clock."""
        waiting = []
        conversation = Conversation(
            self, Recorder(lambda r: waiting.append(Deferred()) or waiting[-1])
        )
        for seconds in [0.25, 61] * 50:
            conversation.send(GET)
            conversation.wait(seconds)
            waiting.pop().callback(Response(200))
            conversation.wait(1)
            got = len(conversation.clock.getDelayedCalls())
            self.assertTrue(got <= 2, f"Expected at most two calls on the clock; there are {got}.")

    def test_every_end(self):
        """However a connection ends, nothing is left on the clock."""
        ways = {
            "before a byte": [],
            "within a request": [GET[:9]],
            "after an answer": [GET],
            "within a second request": [GET + GET[:9]],
            "after a bad request": [b"bad\r\n\r\n"],
            "after a request that asked to close": [GET.replace(b"a", b"a\r\nConnection: close")],
        }
        for name, chunks in ways.items():
            for seconds in (0, 30, 59.75, 60, 61, 120, 125):
                for error in (ConnectionDone(), ConnectionLost(), ConnectionAborted()):
                    conversation = Conversation(self)
                    conversation.send(*chunks)
                    conversation.wait(seconds)
                    conversation.lose(error)
                    self.assert_nothing_left(conversation, f"{name}, {seconds} s later, {error!r}")

    def test_ends_while_the_handler_works(self):
        """A client that leaves while the handler works leaves nothing on the clock either."""
        for seconds in (0, 30, 60, 200):
            conversation, deferred = self.working()
            deferred.addErrback(lambda failure: failure.trap(CancelledError))
            conversation.wait(seconds)
            conversation.lose()
            self.assert_nothing_left(conversation, f"{seconds} s into the handler's work")
            self.flushLoggedErrors()

    def test_ends_after_a_failure(self):
        """A client that leaves after a 500 leaves nothing on the clock either."""
        conversation = Conversation(self, Recorder(RuntimeError()))
        conversation.send(GET)
        self.flushLoggedErrors(RuntimeError)
        conversation.lose()
        self.assert_nothing_left(conversation, "after a 500")
