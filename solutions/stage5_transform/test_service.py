"""Your tests of the transformation service: one or two for each description in README.md, before its code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase

from ..wire import every_chunking
from .clients import Client, ask_over_tcp, netstring
from .service import TransformFactory


def reverse(poem: str) -> str:
    """A transform: the poem backwards."""
    return poem[::-1]


class ServiceTests(SynchronousTestCase):
    """The service without a network: the test decides what each client sends, and when its connection ends."""

    def setUp(self) -> None:
        self.clock = Clock()

    def service(self, **transforms: Callable[[str], Any]) -> TransformFactory:
        """Make a service with these transforms and "reverse", on this test's clock: up to 50 bytes, within 10 s."""
        named = {"reverse": reverse, **transforms}
        return TransformFactory(named, self.clock, longest=50, patience=10)

    def test_answer(self) -> None:
        """The answer is the transformed poem; then the connection is closed."""
        client = Client(self.service())
        client.send(b"13:reverse.a sea,")
        self.assertEqual(client.received, b"5:aes a,")
        self.assertTrue(client.closed)

    # Yours:
    ### BEGIN SOLUTION Step 2: the name and the poem
    ### STARTER # Step 2: a poem with dots in it, an empty one.

    def check_refused(self, data: bytes, client: Client | None = None) -> None:
        """Assert that these bytes close the connection without an answer, and that anything after them is ignored."""
        client = client or Client(self.service())
        client.send(data)
        self.assertEqual(client.received, b"", f"Expected no answer to {data!r}.")
        self.assertTrue(client.closed, f"Expected {data!r} to close the connection.")
        client.send(netstring(b"reverse.once more"))
        self.assertEqual(client.received, b"", f"Expected no answer after {data!r}.")

    def test_poem_with_dots(self) -> None:
        """Only the first dot ends the name; everything after it is the poem, spaces and line ends too."""
        client = Client(self.service())
        client.send(netstring(b"reverse. a.b:c,\r\n"))
        self.assertEqual(client.received, netstring(b"\n\r,c:b.a "))

    def test_empty_poem(self) -> None:
        """A poem may be empty, and so may an answer."""
        for name, answer in ((b"greet", b"2:<>,"), (b"reverse", b"0:,")):
            client = Client(self.service(greet=lambda poem: succeed(f"<{poem}>")))
            client.send(netstring(name + b"."))
            self.assertEqual((client.received, client.closed), (answer, True))

    ### END SOLUTION
    ### BEGIN SOLUTION Step 3: unknown names
    ### STARTER # Step 3: names that the service does not have; a request without a dot.
    def test_unknown_name(self) -> None:
        """A name that is not a transform's closes the connection, even if Python knows it."""
        for name in (
            b"nonsense",
            b"",
            b"REVERSE",
            b" reverse",
            b"reverse ",
            b"upper",
            b"__class__",
        ):
            self.check_refused(netstring(name + b".a sea"))

    def test_no_dot(self) -> None:
        """A request without a dot closes the connection, even if it is the name of a transform."""
        for content in (b"reverse", b""):
            self.check_refused(netstring(content))

    ### END SOLUTION
    ### BEGIN SOLUTION Step 4: letters
    ### STARTER # Step 4: letters outside ASCII; bytes that are not UTF-8.
    def test_letters(self) -> None:
        """The transform works on letters, unchanged; lengths count bytes."""
        for poem, answer in (("é—𝄽", "𝄽—é"), ("\ufeff\u0301e", "e\u0301\ufeff")):
            client = Client(self.service())
            client.send(netstring(f"reverse.{poem}".encode()))
            self.assertEqual(client.received, netstring(answer.encode()))

    def test_not_utf8(self) -> None:
        """Bytes that are not UTF-8, or letters before the name, close the connection."""
        for data in (b"reverse.caf\xe9", b"reverse.\xed\xa0\x80", b"reverse.\xc0\xaf", b"\xe9.a"):
            self.check_refused(netstring(data))
        self.check_refused(netstring("\ufeffreverse.a".encode()))

    ### END SOLUTION
    ### BEGIN SOLUTION Step 5: chunks
    ### STARTER # Step 5: the same request, cut in every way.
    def test_chunks(self) -> None:
        """A request gets the same answer however it is cut, and none before its comma."""
        for chunks in every_chunking(netstring("reverse.é sea".encode())):
            client = Client(self.service())
            for chunk in chunks:
                self.assertEqual((client.received, client.closed), (b"", False), chunks)
                client.send(chunk)
            self.assertEqual(client.received, netstring("aes é".encode()), chunks)

    ### END SOLUTION
    ### BEGIN SOLUTION Step 6: malformed
    ### STARTER # Step 6: bytes that are not a netstring.
    def test_malformed(self) -> None:
        """Anything that is not a netstring closes the connection."""
        request = netstring(b"reverse.sea")
        for data in (
            b"GET / HTTP/1.1\r\n",
            b":reverse.sea,",
            b"00:,",
            request.replace(b":", b" :"),
        ):
            self.check_refused(data)
        self.check_refused(request.replace(b"11", "\uff11\uff11".encode()))
        for end in (b";", b"\n", b"\0", b"a,"):
            self.check_refused(request[:-1] + end)
        for odd in (b"0", b"+", b"-", b" ", b"\n", b"0x", b"1_", b"\xb2"):
            self.check_refused(odd + request)

    ### END SOLUTION
    ### BEGIN SOLUTION Step 7: too long
    ### STARTER # Step 7: the longest, and a byte more.
    def test_longest(self) -> None:
        """A request with the longest content is answered, however long the answer is."""
        for poem in (b"a" * 42, "é".encode() * 21):
            client = Client(self.service(reverse=lambda poem: poem * 100))
            client.send(netstring(b"reverse." + poem))
            self.assertEqual(client.received, netstring(poem * 100))

    def test_too_long(self) -> None:
        """A longer one closes the connection at its length, before its content."""
        for data in (b"51:", b"999999999999:", b"111", b"1" * 1000):
            self.check_refused(data)

    def test_defaults(self) -> None:
        """By default, content may have 10,000 bytes, and a client has 30 seconds."""
        factory = TransformFactory({"reverse": reverse}, self.clock)
        client, slow = Client(factory), Client(factory)
        client.send(netstring(b"reverse.".ljust(10_000, b"a")))
        self.assertEqual(client.received, netstring(b"a" * 9_992))
        self.check_refused(b"10001:", Client(factory))
        self.clock.advance(29.75)
        self.assertFalse(slow.closed)
        self.clock.advance(0.25)
        self.assertTrue(slow.closed)

    ### END SOLUTION
    ### BEGIN SOLUTION Step 8: one request
    ### STARTER # Step 8: two requests of one client; two clients at once.
    def test_one_request(self) -> None:
        """Anything after a request is not answered, in the same chunk or later."""
        client = Client(self.service())
        client.send(netstring(b"reverse.one") + netstring(b"reverse.two"))
        client.send(netstring(b"reverse.three"))
        self.assertEqual(client.received, netstring(b"eno"))

    def test_clients_share_nothing(self) -> None:
        """Clients that send in turns each get the answer to their own request, and have their own deadline."""
        service = self.service()
        clients = [Client(service), Client(service)]
        requests = [netstring(b"reverse.one"), netstring(b"reverse.two")]
        for pair in zip(*requests, strict=True):
            for client, byte in zip(clients, pair, strict=True):
                client.send(bytes([byte]))
        self.assertEqual([client.received for client in clients], [b"3:eno,", b"3:owt,"])
        first = Client(service)
        self.clock.advance(5)
        second = Client(service)
        self.clock.advance(5)
        self.assertEqual((first.closed, second.closed), (True, False))
        self.clock.advance(5)
        self.assertTrue(second.closed)

    ### END SOLUTION
    ### BEGIN SOLUTION Step 9: a transform that raises
    ### STARTER # Step 9: a transform that raises. (flushLoggedErrors)
    def test_transform_raises(self) -> None:
        """A transform that raises any exception closes the connection; the error is logged, and not answered."""
        for error in (
            ZeroDivisionError("no"),
            KeyError("no"),
            UnicodeError("no"),
            CancelledError(),
        ):

            def fails(poem: str, error: Exception = error) -> str:
                raise error

            def fails_later(poem: str, error: Exception = error) -> Deferred[str]:
                return fail(error)

            for transform in (fails, fails_later):
                self.check_refused(netstring(b"fail.now"), Client(self.service(fail=transform)))
                self.assertEqual(len(self.flushLoggedErrors(type(error))), 1, f"{error!r}")

    def test_no_text(self) -> None:
        """A transform that returns anything but a text that can be sent counts as raising, once."""
        for given in (None, b"bytes", 5, "\ud800", succeed(None)):

            def odd(poem: str, given: object = given) -> object:
                return given

            self.check_refused(netstring(b"odd.poem"), Client(self.service(odd=odd)))
            self.assertEqual(len(self.flushLoggedErrors()), 1, f"{given!r}")

    ### END SOLUTION
    ### BEGIN SOLUTION Step 10: patience
    ### STARTER # Step 10: the moment of the deadline, and the moment before.
    def test_patience(self) -> None:
        """A request that is incomplete at the deadline closes the connection, then and not before."""
        for sent, seconds in ((b"", 10.0), (b"13:reverse.", 10.0), (b"1", 2.75)):
            client = Client(TransformFactory({"reverse": reverse}, self.clock, patience=seconds))
            if sent:
                client.send(sent)
            self.clock.advance(seconds - 0.125)
            self.assertFalse(client.closed, f"Expected {seconds} s of patience after {sent!r}.")
            self.clock.advance(0.125)
            self.assertTrue(client.closed, f"Expected a close after {seconds} s, with {sent!r}.")
            client.send(netstring(b"reverse.too late"))
            client.end()
            self.assertEqual((client.received, self.clock.getDelayedCalls()), (b"", []))

    def test_trickle(self) -> None:
        """A byte every second does not move the deadline."""
        client = Client(self.service())
        for byte in b"13:reverse":
            self.assertFalse(client.closed)
            client.send(bytes([byte]))
            self.clock.advance(1)
        self.assertTrue(client.closed)

    ### END SOLUTION
    ### BEGIN SOLUTION Step 11: nothing left
    ### STARTER # Step 11: every way to end; then look at self.clock.getDelayedCalls().
    def test_nothing_left(self) -> None:
        """However a connection ends, nothing of it is left on the clock."""
        for sent in (netstring(b"reverse.sea"), b"13:rev", b"wrong", b"51:", netstring(b"no")):
            for end in (None, ConnectionLost()):
                client = Client(self.service())
                client.send(sent)
                client.end(end)
                self.assertEqual(self.clock.getDelayedCalls(), [], f"{sent!r} left something.")

    def test_half_a_request(self) -> None:
        """A client that leaves in the middle of its request has asked for nothing."""
        called: list[str] = []

        def note(poem: str) -> str:
            called.append(poem)
            return poem

        for end in (None, ConnectionLost()):
            client = Client(self.service(note=note))
            client.send(netstring(b"note.sea")[:-1])
            client.end(end)
            self.assertEqual((called, client.received), ([], b""), f"{end!r}")

    ### END SOLUTION
    ### BEGIN SOLUTION Step 12: a transform that takes its time
    ### STARTER # Step 12: a transform that returns a Deferred: fired late, failed, the client gone before.
    def ask_slow(self, then: object = None) -> tuple[Client, Deferred[str], list[object]]:
        """Ask for a slow transform. Returns the client, the transform's Deferred, and a list that records its cancelling.

        then: the result, or the failure, with which a cancelled Deferred fires.
        """
        cancelled: list[object] = []

        def cancel(working: Deferred[Any]) -> None:
            cancelled.append(working)
            if then is not None:
                working.callback(then)

        working: Deferred[str] = Deferred(cancel)
        client = Client(self.service(slow=lambda poem: working))
        client.send(netstring(b"slow.sea") + b"nonsense")
        return client, working, cancelled

    def test_slow(self) -> None:
        """The answer is sent when the transform is done, whatever was received meanwhile, and however late it is."""
        client, working, _ = self.ask_slow()
        client.send(b"nonsense")
        self.clock.advance(10_000)
        self.assertEqual((client.received, client.closed), (b"", False))
        working.callback("late")
        self.assertEqual((client.received, client.closed), (b"4:late,", True))

    def test_slow_fails(self) -> None:
        """A Deferred that fails counts as a transform that raises."""
        client, working, _ = self.ask_slow()
        working.errback(ZeroDivisionError())
        self.assertEqual((client.received, client.closed), (b"", True))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_slow_for_nobody(self) -> None:
        """When the client leaves, its own Deferred is cancelled, once; nothing is written, and no error is logged."""
        for then in (None, "late", Failure(ZeroDivisionError())):
            for end in (None, ConnectionLost()):
                client, _, cancelled = self.ask_slow(then)
                other, working, _ = self.ask_slow()
                client.end(end)
                self.assertEqual((len(cancelled), client.received), (1, b""), f"{then!r}, {end!r}")
                self.assertEqual(self.flushLoggedErrors(), [])
                working.callback("sea")
                self.assertEqual(other.received, b"3:sea,")

    ### END SOLUTION


class TcpTests(TestCase):
    """The service over real TCP, with the reactor as its clock."""

    async def test_answer(self) -> None:
        """A client gets its answer, then the end of the connection."""
        from twisted.internet import reactor

        factory = TransformFactory({"reverse": reverse}, reactor)
        received = await ask_over_tcp(self, factory, netstring(b"reverse.a sea"))
        self.assertEqual(received, b"5:aes a,")
