"""Requests that come before the previous one is answered."""

from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from ..wire import Failed, every_chunking, outcome
from .conversation import GET, Conversation, Recorder, assert_a_loop
from .messages import Response

CLOSE = GET[:-2] + b"Connection: close\r\n\r\n"
OLD = GET.replace(b"HTTP/1.1", b"HTTP/1.0")


class Step07Pipelined(SynchronousTestCase):
    """Requests that come before the answer wait their turn.

    Write your parts of _serve and _wait_for, and _go_on, in server.py. The handler gets a
    request only when the one before is answered, even with a failure; answers have the order of
    the requests (CVE-2023-46137, RFC 9112 9.3.2); a bad request waits its turn too. Call
    transport.pauseProducing() once some of the next request has come, not before, and
    transport.resumeProducing() after the answer or failure, unless that was the last: a real
    transport that is closing ignores both, StringTransport raises. Half of the next request has
    no deadline while the handler works, and the whole time from the answer on. After a close,
    or once the client has left, waiting requests are dropped. No recursion.
    """

    longMessage = False

    def setUp(self):
        self.waiting = {}

    def handler(self, request):
        self.waiting[request.target] = deferred = Deferred()
        return deferred

    def answer(self, target):
        """Let the handler answer. Nobody else would notice if a callback of yours raised."""
        deferred = self.waiting[target]
        deferred.callback(Response(200, target))
        got = outcome(deferred)
        if isinstance(got, Failed) and isinstance(got.reason, NotImplementedError):
            raise got.reason
        self.assertFalse(
            isinstance(got, Failed),
            f"Expected the server to raise nothing on the answer to {target!r}; it raised {got!r}.",
        )

    def asking(self, *targets):
        return b"".join(GET.replace(b"/", target, 1) for target in targets)

    def assert_answered(self, conversation, *targets):
        got = [answer.content for answer in conversation.answers()]
        self.assertEqual(
            got, list(targets), f"Expected the answers {targets!r}, in order; got {got!r}."
        )

    def assert_asked(self, *targets):
        got = list(self.waiting)
        self.assertEqual(
            got,
            list(targets),
            f"Expected the handler to be called with {targets!r}; it was with {got!r}.",
        )

    def test_one_at_a_time(self):
        """The handler gets the second request once the first is answered, not before."""
        for chunks in every_chunking(self.asking(b"/1", b"/2", b"/3")):
            self.waiting.clear()
            conversation = Conversation(self, self.handler)
            conversation.send(*chunks)
            self.assert_asked(b"/1")
            self.answer(b"/1")
            self.assert_asked(b"/1", b"/2")
            self.assert_answered(conversation, b"/1")
            self.answer(b"/2")
            self.answer(b"/3")
            self.assert_answered(conversation, b"/1", b"/2", b"/3")

    def test_slow_first(self):
        """A quick second answer does not overtake a slow first one (CVE-2023-46137)."""
        slow = Deferred()
        conversation = Conversation(
            self, Recorder(lambda r: slow if r.target == b"/1" else Response(200, r.target))
        )
        conversation.send(self.asking(b"/1", b"/2"), self.asking(b"/3"))
        self.assertEqual(conversation.sent, b"", "Expected nothing before the first answer.")
        slow.callback(Response(200, b"/1"))
        self.assert_answered(conversation, b"/1", b"/2", b"/3")

    def test_quick_ones(self):
        """Requests whose Deferreds have fired already are answered in a loop: recursion would be too deep."""
        assert_a_loop(self, lambda request: succeed(Response(200)))

    def test_quick_ones_after_a_slow_one(self):
        """Requests that waited for a slow one are answered in a loop too."""
        slow = Deferred()
        results = iter([slow])
        assert_a_loop(
            self,
            lambda request: next(results, None) or succeed(Response(200)),
            then=lambda: slow.callback(Response(200)),
        )

    def test_paused(self):
        """Reading stops once some of the next request has come, and resumes after the answer."""
        conversation = Conversation(self, self.handler)
        conversation.send(self.asking(b"/1"), self.asking(b"/2")[:5])
        got = conversation.transport.producerState
        self.assertEqual(
            got,
            "paused",
            f"Expected transport.pauseProducing() while the handler works; it is {got}.",
        )
        self.answer(b"/1")
        got = conversation.transport.producerState
        self.assertEqual(
            got, "producing", f"Expected transport.resumeProducing() after the answer; it is {got}."
        )
        conversation.send(self.asking(b"/2")[5:])
        self.assert_asked(b"/1", b"/2")

    def test_paused_again(self):
        """Reading stops again for each request."""
        conversation = Conversation(self, self.handler)
        conversation.send(self.asking(b"/1", b"/2"), self.asking(b"/3"))
        self.answer(b"/1")
        got = conversation.transport.producerState
        self.assertEqual(
            got,
            "paused",
            f"Expected reading to stop while the handler works on /2 and /3 is here; it is {got}.",
        )
        for target, when in (
            (b"/2", "while the handler works on /3 and nothing else is here"),
            (b"/3", ""),
        ):
            self.answer(target)
            got = conversation.transport.producerState
            self.assertEqual(
                got,
                "producing",
                f"Expected reading to resume after {target!r} {when}; it is {got}.",
            )
        self.assert_answered(conversation, b"/1", b"/2", b"/3")

    def test_not_paused_alone(self):
        """Reading continues while the handler works on the only request: otherwise nobody notices the client leave."""
        conversation = Conversation(self, self.handler)
        conversation.send(self.asking(b"/1"))
        got = conversation.transport.producerState
        self.assertEqual(got, "producing", f"Expected reading to continue; it is {got}.")

    def test_close_alone(self):
        """After the last answer the connection closes and is not resumed: StringTransport would raise."""
        conversation = Conversation(self, self.handler)
        conversation.send(CLOSE)
        self.answer(b"/")
        state = conversation.state
        self.assertEqual(state, "closed", f"Expected a close after the answer; it is {state}.")

    def test_close_in_between(self):
        """A request after one that says close never reaches the handler."""
        conversation = Conversation(self, self.handler)
        conversation.send(CLOSE + self.asking(b"/2"))
        self.answer(b"/")
        self.assert_asked(b"/")
        self.assert_answered(conversation, b"/")
        state = conversation.state
        self.assertEqual(state, "closed", f"Expected a close after the answer; it is {state}.")

    def test_bad_one_waits(self):
        """A bad request waits its turn too."""
        conversation = Conversation(self, self.handler)
        conversation.send(self.asking(b"/1") + b"bad\r\n\r\n")
        self.assertEqual(conversation.sent, b"", "Expected nothing before the first answer.")
        self.answer(b"/1")
        got = conversation.statuses()
        self.assertEqual(got, [200, 400], f"Expected 200, then 400; got {got!r}.")
        state = conversation.state
        self.assertEqual(state, "closed", f"Expected a close after the 400; it is {state}.")

    def test_no_deadline_for_a_last_one(self):
        """While the handler works on the last request, there is no deadline either."""
        for data in (CLOSE, OLD):
            conversation = Conversation(self, self.handler)
            conversation.send(data)
            conversation.wait(600)
            state = conversation.state
            self.assertEqual(
                state,
                "open",
                f"Expected it open while the handler works on {data!r}; it is {state}.",
            )
            self.answer(b"/")
            self.assertTrue(conversation.closing, f"Expected a close after {data!r}; it is open.")

    def test_deadline_of_the_next(self):
        """Half a request that waited for an answer has the whole time from that answer on."""
        for seconds in (10, 59, 100):
            conversation = Conversation(self, self.handler)
            conversation.send(self.asking(b"/1") + self.asking(b"/2")[:5])
            conversation.wait(seconds)
            self.answer(b"/1")
            conversation.wait(59.75)
            got = conversation.state, conversation.statuses()
            self.assertEqual(
                got,
                ("open", [200]),
                f"Expected it open 59.75 s after an answer that took {seconds} s; got {got!r}.",
            )
            conversation.wait(0.25)
            got = conversation.state, conversation.statuses()
            self.assertEqual(
                got,
                ("closed", [200, 408]),
                f"Expected a 408 60 s after an answer that took {seconds} s; got {got!r}.",
            )

    def test_quick_failures(self):
        """Requests whose Deferreds have failed already are answered in a loop as well."""
        assert_a_loop(self, lambda request: fail(RuntimeError()), status=500)
        self.flushLoggedErrors(RuntimeError)

    def test_resumed_after_a_failure(self):
        """Reading resumes after a late failure as after an answer, and the next request reaches the handler."""
        for what, end in (
            ("fails", lambda deferred: deferred.errback(RuntimeError())),
            ("returns None", lambda deferred: deferred.callback(None)),
            ("returns text", lambda deferred: deferred.callback(Response(200, "text"))),
            ("is cancelled", lambda deferred: deferred.cancel()),
        ):
            self.waiting.clear()
            conversation = Conversation(self, self.handler)
            conversation.send(self.asking(b"/1"), self.asking(b"/2")[:5])
            end(self.waiting[b"/1"])
            self.flushLoggedErrors()
            got = conversation.transport.producerState
            self.assertEqual(
                got,
                "producing",
                f"Expected resumeProducing() after a Deferred that {what}; it is {got}.",
            )
            conversation.send(self.asking(b"/2")[5:])
            self.assert_asked(b"/1", b"/2")
            self.answer(b"/2")
            got = conversation.statuses()
            self.assertEqual(
                got, [500, 200], f"Expected 500, then 200, if the first {what}; got {got!r}."
            )

    def test_failure_in_between(self):
        """After a handler failed late, the next request has its turn."""
        conversation = Conversation(self, self.handler)
        conversation.send(self.asking(b"/1", b"/2"))
        self.waiting[b"/1"].errback(RuntimeError())
        self.flushLoggedErrors(RuntimeError)
        self.assert_asked(b"/1", b"/2")
        self.answer(b"/2")
        got = conversation.statuses()
        self.assertEqual(got, [500, 200], f"Expected 500, then 200; got {got!r}.")

    def test_client_leaves(self):
        """When the client leaves, waiting requests never reach the handler."""
        conversation = Conversation(self, self.handler)
        conversation.send(self.asking(b"/1", b"/2"))
        conversation.lose()
        self.flushLoggedErrors()
        self.assert_asked(b"/1")
        self.assertEqual(conversation.sent, b"", "Expected no write to a client that left.")

    def test_client_leaves_and_the_handler_answers(self):
        """If the handler answers, or fails, when it is cancelled, waiting requests do not reach it either."""
        for end in (
            lambda deferred: deferred.callback(Response(200)),
            lambda deferred: deferred.errback(RuntimeError()),
        ):
            handler = Recorder(Deferred(end))
            conversation = Conversation(self, handler)
            conversation.send(self.asking(b"/1", b"/2") + b"bad\r\n\r\n")
            conversation.lose()
            self.flushLoggedErrors()
            got = handler.targets, conversation.sent, conversation.state
            self.assertEqual(
                got,
                ([b"/1"], b"", "open"),
                f"Expected one call, no write and no close after a client left; got {got!r}.",
            )
