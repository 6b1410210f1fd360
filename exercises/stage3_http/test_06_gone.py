"""Clients that leave before they have their answer."""

from gc import collect
from weakref import ref

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import (
    ConnectionAborted,
    ConnectionClosed,
    ConnectionDone,
    ConnectionLost,
)
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from .conversation import GET, Conversation, Recorder
from .messages import Response
from .server import HTTPFactory


class Step14Gone(SynchronousTestCase):
    """When the client leaves, the handler is cancelled, nothing is written.

    Write your parts of connectionLost, _send and _fail in server.py. However the connection
    ends, cancel its handler's Deferred, once, unless it was answered; a coroutine gets
    CancelledError where it awaits. Then nothing more is written, and loseConnection is not
    called, whatever the handler does. The CancelledError of a client that left is not logged;
    another failure is. While the client is still there, CancelledError is a failure like any
    other. Nothing refers to a connection once it and its handler, which may go on when it is
    cancelled, are over; or to a request once the next one was answered.
    """

    longMessage = False

    def gone(self, result):
        """A client that leaves while the handler works."""
        conversation = Conversation(self, Recorder(result))
        conversation.send(GET)
        conversation.wait(1)
        conversation.lose()
        return conversation

    def assert_quiet(self, conversation, what):
        sent, logged = conversation.sent, self.flushLoggedErrors()
        self.assertEqual(
            sent, b"", f"Expected no write to a client that left, when {what}; got {sent!r}."
        )
        self.assertEqual(logged, [], f"Expected nothing in the log when {what}; got {logged!r}.")
        got = conversation.state
        self.assertEqual(
            got, "open", f"Expected no close or abort after the end of the connection; it is {got}."
        )

    def test_cancelled(self):
        """The handler's Deferred is cancelled, once."""
        cancelled = []
        conversation = self.gone(Deferred(cancelled.append))
        self.assertEqual(
            len(cancelled),
            1,
            f"Expected one cancel() of the handler's Deferred; got {len(cancelled)}.",
        )
        self.assert_quiet(conversation, "the handler's Deferred is cancelled")

    def test_every_end(self):
        """However the connection ended, the Deferred is cancelled, once, and nothing is left on the clock."""
        cancelled = []
        factory = HTTPFactory(lambda request: Deferred(cancelled.append), Clock())
        for error in (
            *(ConnectionDone(), ConnectionLost(), ConnectionAborted(), ConnectionClosed()),
            *(OSError("no route"), RuntimeError("of a layer below")),
        ):
            cancelled.clear()
            conversation = Conversation(self, factory=factory, clock=factory.clock)
            conversation.send(GET)
            conversation.lose(error)
            self.assertEqual(
                len(cancelled), 1, f"Expected one cancel() after {error!r}; got {len(cancelled)}."
            )
            self.assert_quiet(conversation, f"the end is {error!r}")
            left = conversation.clock.getDelayedCalls()
            self.assertEqual(left, [], f"Expected an empty clock after {error!r}; it has {left!r}.")

    def test_second_request(self):
        """The handler of a later request is cancelled as well, and one that was answered is not."""
        first, second = Deferred(), []
        results = iter([Response(200), first, Deferred(second.append)])
        conversation = Conversation(self, Recorder(lambda request: next(results)))
        conversation.send(GET, GET)
        first.callback(Response(200))
        conversation.send(GET)
        conversation.lose()
        self.assertEqual(
            len(second), 1, f"Expected one cancel() of the third Deferred; got {len(second)}."
        )

    def test_nothing_is_kept(self):
        """Nothing keeps a connection that is over, or a request that was answered before the last one."""
        protocols, requests = [], []

        def handler(request):
            requests.append(ref(request))
            return Deferred() if len(requests) % 5 == 0 else Response(200)

        factory = HTTPFactory(handler, Clock())
        for _ in range(3):
            conversation = Conversation(self, factory=factory, clock=factory.clock)
            conversation.protocol = factory.buildProtocol(None)
            conversation.protocol.makeConnection(conversation.transport)
            protocols.append(ref(conversation.protocol))
            conversation.send(*[GET] * 5)
            collect()
            kept = [one for one in requests[-5:-2] if one()]
            self.assertEqual(
                kept,
                [],
                "Expected requests that were answered, and are not the last, to be dropped.",
            )
            conversation.lose()
        del conversation
        collect()
        kept = [one for one in protocols if one()]
        self.assertEqual(kept, [], f"Expected no protocol of 3 to be kept; there are {len(kept)}.")

    def test_every_moment(self):
        """A client that leaves within a request, after any of its bytes, gets no answer, and its handler is not called."""
        for before in (b"", GET):
            for cut in range(len(GET)):
                conversation = Conversation(self)
                conversation.send(*[data for data in (before, GET[:cut]) if data])
                sent, asked = conversation.sent, len(conversation.handler.requests)
                conversation.lose()
                got = conversation.sent[len(sent) :], conversation.state
                self.assertEqual(
                    got,
                    (b"", "open"),
                    f"Expected no write and no close after a client left at {before + GET[:cut]!r}; got {got!r}.",
                )
                more = conversation.handler.requests[asked:]
                self.assertEqual(
                    more, [], f"Expected no call after {before + GET[:cut]!r}; got {more!r}."
                )

    def test_answers_all_the_same(self):
        """If a handler answers when it is cancelled, nothing is written."""
        conversation = self.gone(Deferred(lambda deferred: deferred.callback(Response(200))))
        self.assert_quiet(conversation, "the handler answers when it is cancelled")

    def test_coroutine(self):
        """A coroutine gets CancelledError where it awaits, and may tidy up."""
        seen = []

        async def handler(request):
            try:
                await Deferred()
            except CancelledError as error:
                seen.append(error)
                raise

        conversation = Conversation(self, handler)
        conversation.send(GET)
        conversation.lose()
        self.assertEqual(len(seen), 1, "Expected CancelledError in the coroutine, once.")
        self.assert_quiet(conversation, "a coroutine is cancelled")

    def test_goes_on(self):
        """A coroutine may go on when it is cancelled; once it ends, nothing keeps the connection."""
        tidied = Deferred()

        async def handler(request):
            try:
                await Deferred()
            except CancelledError:
                await tidied
            return Response(200)

        conversation = Conversation(self, handler)
        conversation.send(GET)
        conversation.lose()
        self.assertFalse(
            tidied.called, "Expected one cancel(), whatever the coroutine awaits after it."
        )
        tidied.callback(None)
        self.assert_quiet(conversation, "a coroutine went on when it was cancelled")
        protocol = ref(conversation.protocol)
        del conversation
        collect()
        self.assertIsNone(protocol(), "Expected no protocol to be kept once its handler ended.")

    def test_answered_before(self):
        """A Deferred that has been answered is not cancelled when the client leaves later."""
        cancelled, deferred = [], Deferred()
        conversation = Conversation(self, Recorder(deferred))
        conversation.send(GET)
        deferred.callback(Response(200))
        deferred.cancel = lambda: cancelled.append(deferred)
        conversation.lose()
        self.assertEqual(cancelled, [], "Expected no cancel() after the answer; there was one.")

    def test_others_go_on(self):
        """Only the handler of the client that left is cancelled; the others are answered."""
        deferreds = [Deferred(), Deferred(), Deferred()]
        waiting = iter(deferreds)
        factory = HTTPFactory(lambda request: next(waiting), Clock())
        conversations = [Conversation(self, factory=factory) for _ in deferreds]
        for conversation in conversations:
            conversation.send(GET)
        conversations[1].lose()
        for number in (0, 2):
            if not deferreds[number].called:
                deferreds[number].callback(Response(200))
        got = [conversation.statuses() for conversation in conversations]
        self.assertEqual(
            got, [[200], [], [200]], f"Expected the two others to be answered; got {got!r}."
        )

    def test_fails_otherwise(self):
        """If a handler fails in another way when it is cancelled, the failure is logged."""
        conversation = self.gone(Deferred(lambda deferred: deferred.errback(RuntimeError("tidy"))))
        logged = self.flushLoggedErrors(RuntimeError)
        self.assertEqual(len(logged), 1, f"Expected RuntimeError in the log, once; got {logged!r}.")
        self.assert_quiet(conversation, "the handler fails when it is cancelled")

    def test_cancelled_by_others(self):
        """A handler that is cancelled while the client waits has failed: a 500, and a failure in the log."""
        deferred = Deferred()
        conversation = Conversation(self, Recorder(deferred))
        conversation.send(GET)
        deferred.cancel()
        got, logged = conversation.statuses(), self.flushLoggedErrors(CancelledError)
        self.assertEqual(
            got,
            [500],
            f"Expected a 500 to a client that waits for a cancelled handler; got {got!r}.",
        )
        self.assertEqual(
            len(logged), 1, f"Expected CancelledError in the log, once; got {logged!r}."
        )
