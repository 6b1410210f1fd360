"""The fixture's port, over real sockets: what trial reports of small tests that use it."""

import os
import socket

from twisted.internet.defer import ensureDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.task import deferLater

from .cases import InnerFixture
from .fixture import Connected
from .inner import Outer, problems


class Step11FixturePort(Outer):
    """setUp listens; if anything fails after that, the port is still stopped.

    Write the beginning of Connected.setUp, in fixture.py. Add self.end, and nothing else, as a
    cleanup, before there is anything to end. Then listen with reactor.listenTCP, on 127.0.0.1
    only and on port 0, which means any free port, and keep the port as self.port. The line after
    yours calls self.listening(), which may raise in a subclass. trial must report what setUp
    raises, or self.end fails with, and nothing else, and no port may be left.
    """

    def test_listens(self):
        """When listening() is called, the port of that number listens, on 127.0.0.1; self.port is that port."""
        seen, error = [], OSError("halfway through setUp")

        class Listens(InnerFixture):
            async def listening(self, number):
                seen.append((number, self.port.getHost().port, self.port.getHost().host))
                socket.create_connection(("127.0.0.1", number), timeout=1).close()
                raise error

        self.assert_reported(Listens, [error], "when listening() connects, then raises that")
        number, kept, host = seen[0]
        self.assertEqual(number, kept, f"Expected port {number} as self.port; got {kept}.")
        self.assertEqual(host, "127.0.0.1", f"Expected to listen on 127.0.0.1 only; got {host!r}.")

    def test_any_port(self):
        """The port is any free one, so that two runs at once do not collide."""
        error, numbers = OSError("halfway through setUp"), []

        class Fails(InnerFixture):
            async def listening(self, number):
                numbers.append(number)
                raise error

        self.assert_reported(Fails, [error], "when listening() raises that")
        with socket.socket() as other:
            if os.name == "posix":
                # As Twisted does: otherwise a connection that has just ended would block the port.
                other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                other.bind(("127.0.0.1", numbers[0]))
                other.listen()
            except OSError:
                pass  # Another process has it by now, which serves as well.
            got = problems(Fails)
        taken = [problem for problem in got if isinstance(problem, CannotListenError)]
        self.assertEqual(
            taken, [], f"Expected port 0, any free one; it was port {numbers[0]} again, in use."
        )

    def test_fails_halfway(self):
        """If setUp fails after that, its error is reported, and no port is left."""
        error = OSError("halfway through setUp")

        class Fails(InnerFixture):
            async def listening(self, number):
                raise error

        self.assert_reported(Fails, [error], "when setUp fails after the port listens")

    def test_slow_port(self):
        """trial waits until the port has stopped."""
        error = OSError("halfway through setUp")

        class Slow(InnerFixture):
            async def listening(self, number):
                from twisted.internet import reactor

                stop = self.port.stopListening
                self.port.stopListening = lambda: deferLater(reactor, 0.05, stop)
                raise error

        self.assert_reported(Slow, [error], "when a port takes 0.05 s to stop")

    def test_default(self):
        """By default a test may take 5 s; its grace is 1 s, its limit 3 s."""
        got = Connected.timeout, Connected.grace, Connected.limit
        self.assertEqual(
            got,
            (5, 1.0, 3.0),
            f"Expected a timeout of 5 s, a grace of 1 s, a limit of 3 s; got {got}.",
        )

    def test_end(self):
        """trial calls self.end once, when the test is over, as it will end everything that step 12 opens, too."""
        error, calls = OSError("halfway through setUp"), []

        class Fails(InnerFixture):
            async def listening(self, number):
                raise error

            def end(self):
                calls.append(self.port)
                return super().end()

        self.assert_reported(Fails, [error], "when setUp fails after the port listens")
        self.assertEqual(
            len(calls),
            1,
            f"Expected trial to call self.end once; it did {len(calls)} times. Add only that as a cleanup.",
        )

    def test_end_fails(self):
        """A failure of self.end is reported, too."""
        error, late = OSError("halfway through setUp"), RuntimeError("the port would not stop")

        class Fails(InnerFixture):
            async def listening(self, number):
                stop = self.port.stopListening

                async def refuse():
                    await stop()
                    raise late

                self.port.stopListening = lambda: ensureDeferred(refuse())
                raise error

        self.assert_reported(Fails, [error, late], "when setUp and then the port fail with those")

    def test_stopped_by_the_test(self):
        """The test may stop the port itself, and not wait."""
        error = OSError("halfway through setUp")

        class Stops(InnerFixture):
            async def listening(self, number):
                self.port.stopListening()
                raise error

        self.assert_reported(Stops, [error], "when setUp stops its port, and then fails with that")

    def test_fails_before(self):
        """If listening fails, its error is reported, and nothing else; self.end is called even then."""
        error, calls = CannotListenError("127.0.0.1", 0, OSError("no more ports")), []

        class Fails(InnerFixture):
            async def setUp(self):
                from twisted.internet import reactor

                def fail(*_, **__):
                    raise error

                self.patch(reactor, "listenTCP", fail)
                await super().setUp()

            def end(self):
                calls.append(self.port)
                return super().end()

        self.assert_reported(Fails, [error], "when listenTCP raises that")
        self.assertEqual(
            len(calls),
            1,
            f"Expected self.end to be added before listening, so called once; it was {len(calls)} times.",
        )
