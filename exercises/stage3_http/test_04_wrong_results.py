"""Answers that come late, and results that are not answers."""

from functools import partial
from types import SimpleNamespace

from twisted.internet.defer import CancelledError, Deferred, fail, succeed

from .conversation import GET, SECRET, Conversation, LogTestCase, Recorder, shown
from .messages import BadRequest, Fields, Response
from .server import place_of


class Step10Later(LogTestCase):
    """A handler may return a Deferred or a coroutine.

    Write your part of HTTPProtocol._answer, and _wait_for. Nothing is sent before the Deferred
    fires, which it may have done already. Then its Response is sent; if it fails, the answer is
    a 500, and the failure is logged. An async def handler returns a coroutine:
    Deferred.fromCoroutine makes a Deferred of it. Set _answering before you add the callbacks:
    if the Deferred has fired already, they run at once, and set _answering back to None.
    """

    def test_later(self):
        """Nothing is sent until the Deferred fires; then its Response is, once."""
        deferred = Deferred()
        conversation = Conversation(self, Recorder(deferred))
        conversation.send(GET)
        sent = conversation.sent
        self.assertEqual(sent, b"", f"Expected nothing before the Deferred fires; got {sent!r}.")
        deferred.callback(Response(201, b"late"))
        got = [(answer.status, answer.content) for answer in conversation.answers()]
        self.assertEqual(got, [(201, b"late")], f"Expected (201, b'late'), once; got {got!r}.")

    def test_any_deferred(self):
        """An instance of a subclass of Deferred is accepted."""
        deferred = type("Later", (Deferred,), {})()
        conversation = Conversation(self, Recorder(deferred))
        conversation.send(GET)
        deferred.callback(Response(201))
        got = conversation.statuses()
        self.assertEqual(got, [201], f"Expected 201 from a subclass of Deferred; got {got!r}.")

    def test_log_keeps_secrets(self):
        """The log has nothing of the request's fields if a Deferred or a coroutine fails."""

        async def coroutine(request):
            raise RuntimeError("why")

        self.keeps_secrets(
            SECRET, lambda r: fail(RuntimeError("why")), lambda r: Deferred(), coroutine
        )

    def test_already_fired(self):
        """A Deferred that has fired is answered at once, and so is the request behind it."""
        conversation = Conversation(self, Recorder(lambda r: succeed(Response(200, r.target))))
        conversation.send(GET, GET + GET)
        got = [answer.content for answer in conversation.answers()]
        self.assertEqual(got, [b"/"] * 3, f"Expected three answers; got {got!r}.")

    def test_coroutine(self):
        """An async def handler that waits for a Deferred is answered when it returns."""
        waited = Deferred()

        async def handler(request):
            return Response(200, await waited)

        conversation = Conversation(self, handler)
        conversation.send(GET)
        sent = conversation.sent
        self.assertEqual(sent, b"", f"Expected nothing while the coroutine waits; got {sent!r}.")
        waited.callback(b"late")
        got = [(answer.status, answer.content) for answer in conversation.answers()]
        self.assertEqual(got, [(200, b"late")], f"Expected (200, b'late'), once; got {got!r}.")

    def test_coroutine_at_once(self):
        """An async def handler that waits for nothing is answered at once."""

        async def handler(request):
            return Response(200, b"now")

        conversation = Conversation(self, handler)
        conversation.send(GET)
        got = [(answer.status, answer.content) for answer in conversation.answers()]
        self.assertEqual(got, [(200, b"now")], f"Expected (200, b'now'); got {got!r}.")

    def test_coroutine_of_any_callable(self):
        """Any callable may return the coroutine, not only an async def function."""

        class Handler:
            async def __call__(self, request):
                return Response(200, b"now")

            async def method(self, request):
                return Response(200, b"now")

        one = Handler()
        for handler in (one, one.method, partial(one), partial(one.method), lambda r: one(r)):
            conversation = Conversation(self, handler)
            conversation.send(GET)
            got = [(answer.status, answer.content) for answer in conversation.answers()]
            self.assertEqual(
                got, [(200, b"now")], f"Expected (200, b'now') from {handler!r}; got {got!r}."
            )

    def test_cancelled(self):
        """A Deferred that was cancelled before it was returned has failed."""

        def cancelled(request):
            deferred = Deferred()
            deferred.cancel()
            return deferred

        text = self.answer(cancelled, "a Deferred was cancelled before it was returned")
        self.assertTrue("Cancelled" in text, f"Expected CancelledError in the log; it has: {text}")

    def test_failed(self):
        """A Deferred that has failed is a 500, and its failure is in the log."""
        for error in (RuntimeError("secret"), BadRequest("secret", 404), CancelledError("secret")):
            text = self.answer(lambda request, error=error: fail(error), f"it fails with {error!r}")
            self.assertTrue("secret" in text, f"Expected the failure in the log; it has: {text}")
            self.assertFalse(b"secret" in self.sent, f"Expected a bare 500; got {self.sent!r}.")

    def test_fails_later(self):
        """A Deferred that fails later is a 500 at that moment."""
        deferred = Deferred()
        conversation = Conversation(self, Recorder(deferred))
        conversation.send(GET)
        deferred.errback(RuntimeError("secret"))
        got, logged = conversation.statuses(), self.flushLoggedErrors(RuntimeError)
        self.assertEqual(got, [500], f"Expected one 500 for a Deferred that failed; got {got!r}.")
        self.assertEqual(len(logged), 1, f"Expected its failure in the log, once; got {logged!r}.")

    def test_coroutine_raises(self):
        """A coroutine that raises is a 500, and the exception is in the log."""

        async def handler(request):
            raise RuntimeError("secret")

        text = self.answer(handler, "a coroutine raises")
        self.assertTrue("secret" in text, f"Expected the exception in the log; it has: {text}")


class Step11WrongResult(LogTestCase):
    """A wrong result is a 500, and the log says whose mistake it is.

    Write your parts of HTTPProtocol._respond. A wrong result is whatever is not a Response (an
    instance of a subclass is one, an object that only looks like one is not), and a Response
    that cannot be written: text instead of bytes, a status that is not a number. It is a 500,
    whether it is returned or comes from a Deferred or coroutine; nothing of it is sent. The log
    gets one failure, such as a WrongAnswer, which names the handler's file, as place_of finds
    it, and shows whatever is not a Response.
    """

    def wrong(self, results, wrap=lambda result: result):
        for result in results:

            def handler(request, result=result):
                return wrap(result)

            text = self.answer(handler, f"a handler returns {result!r}")
            self.assertTrue(
                isinstance(result, Response) or repr(result) in text,
                f"Expected the log to show the handler's result, {result!r}; it has: {text}",
            )
            self.assertTrue(
                "test_04_wrong_results.py" in text,
                f"Expected the log to name the file of the handler that returned {result!r}, "
                f"test_04_wrong_results.py; it has: {text}",
            )
            for word in (b"Traceback", b".py", b"TypeError"):
                self.assertFalse(word in self.sent, f"Expected a bare 500; got {shown(self.sent)}.")

    def test_no_response(self):
        """A result that is not a Response gets a 500, and the log names the handler's file."""
        self.wrong([None, "Hello.", b"Hello.", 200, (200, b"Hello."), [], Response])
        alike = type("Response", (), {"status": 200, "content": b"", "fields": Fields()})
        self.wrong([alike(), SimpleNamespace(status=200, content=b"", fields=Fields())])

    def test_subclass(self):
        """An instance of a subclass of Response is accepted."""
        conversation = Conversation(self, Recorder(type("Page", (Response,), {})(201)))
        conversation.send(GET)
        got = conversation.statuses()
        self.assertEqual(got, [201], f"Expected 201 for a subclass of Response; got {got!r}.")

    def test_any_handler(self):
        """The log names the file of a method, of an object with __call__, and of a functools.partial as well."""

        class Handler:
            def __call__(self, request):
                return None

            def method(self, request):
                return None

            async def later(self, request):
                return None

        one = Handler()
        for handler in (
            *(one, one.method, one.later, lambda request: None, partial(one), partial(one.later)),
            partial(partial(Handler.method, one)),
        ):
            text = self.answer(handler, f"{handler!r} returns None")
            self.assertTrue(
                "test_04_wrong_results.py" in text,
                f"Expected the log to name the file of {handler!r}, test_04_wrong_results.py; it has: {text}",
            )

    def test_place(self):
        """place_of, which is given, returns the file's path and the line, or the repr of a handler that has none."""

        def handler(request):
            return None

        line = handler.__code__.co_firstlineno
        for one in (handler, partial(handler)):
            got, expected = place_of(one), f"{__file__}, line {line}"
            self.assertEqual(got, expected, f"Expected {expected!r} for {one!r}; got {got!r}.")
        for one in (print, partial(print)):
            self.assertEqual(place_of(one), repr(print), f"Expected the repr of print for {one!r}.")

    def test_text(self):
        """A Response with text instead of bytes is a 500, and the log names the handler's file."""
        self.wrong(
            [
                Response(200, "Hello."),
                Response(200, b"", Fields([(b"X-B", "words")])),
                Response(200, b"", Fields([("X-B", b"words")])),
                Response("200", b"Hello."),
                Response(200, None),
                Response(None),
                Response(200, b"", None),
            ]
        )

    def test_later(self):
        """A Deferred's wrong result is a 500 too."""
        self.wrong([None, "Hello.", Response(200, "Hello.")], wrap=succeed)

    def test_coroutine(self):
        """A coroutine's wrong result is a 500 too."""

        async def return_it(result):
            return result

        self.wrong([None, Response(200, "Hello.")], wrap=return_it)

    def test_log_keeps_secrets(self):
        """The log has nothing of the request's fields if the result is wrong."""
        self.keeps_secrets(
            SECRET,
            lambda request: None,
            lambda request: Response(200, "text"),
            lambda request: succeed(None),
        )

    def test_one_write(self):
        """Any result of a handler, now or later, is answered with one write."""
        for result in (Response(200, b"words"), None, Response(200, "text"), RuntimeError()):
            for late in (False, True):
                writes, deferred = [], Deferred()
                conversation = Conversation(self, Recorder(deferred if late else result))
                conversation.transport.write = writes.append
                conversation.send(GET)
                if late:
                    (deferred.errback if isinstance(result, Exception) else deferred.callback)(
                        result
                    )
                self.flushLoggedErrors()
                when = "late" if late else "at once"
                self.assertEqual(
                    len(writes), 1, f"Expected one write for {result!r}, {when}; got {writes!r}."
                )

    def test_no_half_response(self):
        """Nothing of a Response that cannot be written is sent: the client gets only the 500."""
        conversation = Conversation(self, Recorder(Response(200, "Hello.")))
        conversation.send(GET)
        self.flushLoggedErrors()
        self.assertFalse(
            b" 200 " in conversation.sent, f"Expected a 500 alone; got {conversation.sent!r}."
        )

    def test_next_request(self):
        """The next request is answered as usual."""
        conversation = Conversation(
            self, Recorder(lambda r: None if r.target == b"/" else Response(200))
        )
        conversation.send(GET, GET.replace(b"/", b"/a", 1))
        self.flushLoggedErrors()
        got = conversation.statuses()
        self.assertEqual(got, [500, 200], f"Expected 500, then 200; got {got!r}.")
