"""One connection to the solved HTTP server: client, handler and clock do as a script says; and what must hold of it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import h11
from serving import module
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.task import Clock
from twisted.logger import globalLogBeginner, globalLogPublisher
from twisted.python.failure import Failure

# How a handler may answer; Wire.handler knows what each word means.
AT_ONCE = ["now", "now", "now", "fired", "coroutine", "close", "no content", "unchanged", "missing"]
LATER = ["later", "later", "now", "coroutine later", "later fails", "never", "stubborn"]
FAILURES = [
    *["raises", "nothing", "text", "failed", "splits", "length", "coroutine raises"],
    *["later wrong", "fails when cancelled"],
]
REFUSALS = {400, 408, 413, 414, 417, 431, 501, 505}
TIMEOUT = 60
CONTINUE = rb"HTTP/1\.1 100 [^\r\n]*\r\n\r\n"
A_MOMENT = 0.001
"""Seconds by which floating point may be off."""

# Else each failure that a handler is made to have goes to stderr, traceback and all.
globalLogBeginner.beginLoggingTo([], discardBuffer=True, redirectStandardIO=False)


@dataclass(frozen=True)
class Answer:
    """A response as h11 reads it."""

    status: int
    content: bytes


class Transport:
    """Keeps what is written, and what is asked of it. A write after the end, or after the wish to close, fails."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.written = b""
        self.paused = self.aborted = self.over = False
        self.closing_since: float | None = None
        self.answered_at = 0.0

    def write(self, data: bytes) -> None:
        assert isinstance(data, bytes), f"written: {data!r}"
        assert not self.over, f"written after the end: {data!r}"
        assert self.closing_since is None, f"written after the wish to close: {data!r}"
        self.written += data
        if not data.startswith(b"HTTP/1.1 100 "):
            self.answered_at = self.clock.seconds()

    def loseConnection(self) -> None:
        if self.closing_since is None:
            self.closing_since = self.clock.seconds()

    def abortConnection(self) -> None:
        self.loseConnection()
        self.aborted = True

    def pauseProducing(self) -> None:
        self.paused = True

    def resumeProducing(self) -> None:
        self.paused = False


class Wire:
    """A connection. What must not happen raises AssertionError as soon as it happens, the rest in check().

    asked: the requests that the handler got. answers: what h11 read, after check().
    """

    def __init__(self, kinds: list[str], limits: Any = None) -> None:
        self.kinds = kinds
        self.clock = Clock()
        self.transport = Transport(self.clock)
        self.asked: list[Any] = []
        self.answers: list[Answer] = []
        self._expected: list[Answer] = []
        self._failures = 0  # of handlers, which belong in the log
        self._works = False  # the handler, on a request
        self._fire: Callable[[], None] | None = None  # what ends that work; None for never
        self._queue: deque[bytes] = deque()
        self._logged: list[Any] = []
        globalLogPublisher.addObserver(self._log)
        factory = module("server").HTTPFactory(self.handler, self.clock, TIMEOUT, limits)
        self._protocol = factory.buildProtocol(None)
        self._protocol.makeConnection(self.transport)

    def _log(self, event: Any) -> None:
        if "log_failure" in event:
            self._logged.append(event["log_failure"])

    # The handler.

    def handler(self, request: Any) -> Any:
        """Answer in the way whose turn it is."""
        assert not self._works, "the handler was called while it worked on the request before"
        assert not self.transport.over, "the handler was called after the end"
        number = len(self.asked)
        self.asked.append(request)
        kind = self.kinds[number % len(self.kinds)]
        messages = module("messages")
        close = messages.Fields([(b"Connection", b"close")])
        content = b"answer %d" % number
        statuses = {"no content": 204, "unchanged": 304, "missing": 404}
        status = statuses.get(kind, 200)
        if status in (204, 304):
            content = b""
        fields = close if kind == "close" else messages.Fields()
        response = messages.Response(status, content, fields)
        right = Answer(status, b"" if request.method == b"HEAD" else content)
        if kind in ("now", "close", *statuses):
            self._expected.append(right)
            return response
        if kind == "fired":
            self._expected.append(right)
            return succeed(response)
        if kind == "coroutine":
            self._expected.append(right)
            return self._soon(response)
        if kind in ("later", "coroutine later", "later fails", "later wrong"):
            deferred: Deferred[Any] = Deferred()
            if kind in ("later fails", "later wrong"):
                result = None if kind == "later wrong" else Failure(RuntimeError("later"))
                self._work(lambda: (self._failed(request), deferred.callback(result)))
            else:
                self._work(lambda: (self._expected.append(right), deferred.callback(response)))
            return self._soon(deferred) if kind == "coroutine later" else deferred
        if kind in ("never", "stubborn", "fails when cancelled"):
            self._work(None)
            return Deferred(
                {
                    "never": None,
                    "stubborn": lambda deferred: deferred.callback(response),
                    "fails when cancelled": self._fail_when_cancelled,
                }[kind]
            )
        self._failed(request)
        return self._wrong(kind)

    def _wrong(self, kind: str) -> Any:
        messages = module("messages")
        if kind == "raises":
            raise KeyError("raised")
        if kind == "failed":
            return fail(RuntimeError("failed"))
        if kind == "coroutine raises":
            return self._soon(fail(RuntimeError("raised")))
        bad = {"splits": (b"X", b"a\r\nContent-Length: 0"), "length": (b"Content-Length", b"1")}
        return {
            "nothing": None,
            "text": messages.Response(200, "text"),
            "splits": messages.Response(200, b"", messages.Fields([bad["splits"]])),
            "length": messages.Response(200, b"", messages.Fields([bad["length"]])),
        }[kind]

    async def _soon(self, result: Any) -> Any:
        return await result if isinstance(result, Deferred) else result

    def _work(self, fire: Callable[[], Any] | None) -> None:
        self._works, self._fire = True, fire

    def _failed(self, request: Any) -> None:
        self._failures += 1
        content = b"" if request.method == b"HEAD" else b"The server failed.\n"
        self._expected.append(Answer(500, content))

    def _fail_when_cancelled(self, deferred: Deferred[Any]) -> None:
        self._failures += 1
        deferred.errback(RuntimeError("cancelled"))

    # What happens.

    def deliver(self, chunk: bytes) -> None:
        """The client sends something. It arrives once the server reads."""
        if chunk:
            self._queue.append(chunk)
        while self._queue and not (self.transport.paused or self.transport.over):
            worked = self._works
            self._protocol.dataReceived(self._queue.popleft())
            assert not worked or self.transport.paused, "read on while the handler worked"

    def settle(self) -> bool:
        """The handler is done with what it works on, if it is ever to be. Whether it was."""
        if self._fire is None:
            return False
        fire, self._fire, self._works = self._fire, None, False
        fire()
        self.deliver(b"")
        return True

    def wait(self, seconds: float) -> None:
        """Time passes, from each call on the clock to the next."""
        until = self.clock.seconds() + seconds
        while self.clock.seconds() < until:
            calls = [call.getTime() for call in self.clock.getDelayedCalls()]
            next_time = min([until, *calls])
            self.clock.advance(max(0, next_time - self.clock.seconds()))
            if next_time == until:
                self.clock.rightNow = until
            if self.transport.aborted and not self.transport.over:
                self.lose(ConnectionAborted())
            self._check_time()

    def lose(self, error: Exception) -> None:
        """The connection is over."""
        self.transport.over = True
        self._protocol.connectionLost(Failure(error))
        self._works, self._fire = False, None
        # At once: a call that is left would be gone a timeout later, unseen.
        left = self.clock.getDelayedCalls()
        assert left == [], f"left on the clock: {left}"

    def end(self, leaves: bool, reads: bool) -> None:
        """The client leaves; or it falls silent, with its last answer read or not."""
        if leaves and not self.transport.over:
            self.lose(ConnectionLost())
        while self.settle():
            pass
        if self._works:
            self.wait(5 * TIMEOUT)
            assert self.transport.closing_since is None, "closed while the handler worked"
            self.lose(ConnectionLost())
        self.wait(TIMEOUT + A_MOMENT)
        assert self.transport.closing_since is not None or self.transport.over, "left open"
        if reads and not self.transport.over:
            self.lose(ConnectionDone())
        self.wait(TIMEOUT + A_MOMENT)
        assert self.transport.over, "a client that does not read its last answer is waited for"

    def _check_time(self) -> None:
        """Whoever waits for the client waits for the timeout once before its request, and once more for the request."""
        now, transport = self.clock.seconds(), self.transport
        if self._works:
            transport.answered_at = now
        elif transport.closing_since is not None:
            late = now - transport.closing_since > TIMEOUT + A_MOMENT
            assert transport.over or not late, "closing for longer than the timeout"
        elif not transport.over:
            waited = now - transport.answered_at
            assert waited <= 2 * TIMEOUT + A_MOMENT, f"open and unanswered for {waited} s"

    def check(self) -> None:
        """All is over. Look at what is left, and at what was written."""
        globalLogPublisher.removeObserver(self._log)
        left = self.clock.getDelayedCalls()
        assert left == [], f"left on the clock: {left}"
        logged = [failure.getErrorMessage() for failure in self._logged]
        assert len(logged) == self._failures, f"{self._failures} handlers failed; logged: {logged}"
        self.answers = self._read()
        count = len(self._expected)
        assert self.answers[:count] == self._expected, (self.answers, self._expected)
        refusals = self.answers[count:]
        assert len(refusals) <= 1, f"after {count} answers: {refusals}"
        assert all(answer.status in REFUSALS for answer in refusals), refusals
        assert not refusals or self.transport.closing_since is not None, "refused, not closed"

    def _read(self) -> list[Answer]:
        answers, rest = [], self.transport.written
        while rest:
            number = len(answers)
            # A refused request is none that anybody knows the method of, and its answer has no content.
            method = self.asked[number].method if number < len(self.asked) else b"GET"
            reader = h11.Connection(h11.CLIENT)
            reader.send(h11.Request(method=method, target=b"/", headers=[(b"Host", b"a")]))
            reader.send(h11.EndOfMessage())
            reader.receive_data(rest)
            status, content = 0, b""
            while True:
                event = reader.next_event()
                if event is h11.NEED_DATA and re.fullmatch(CONTINUE, rest):
                    return answers  # leave to send, and then the client sent no more
                assert event is not h11.NEED_DATA, f"no whole answer: {rest!r}"
                if isinstance(event, h11.Response):
                    status = event.status_code
                elif isinstance(event, h11.Data):
                    content += bytes(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    break
            answers.append(Answer(status, content))
            rest = reader.trailing_data[0]
        return answers
