"""The fixture's port, over real sockets: what trial says of small tests that use it."""

import os
import socket

from twisted.internet.defer import ensureDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.task import deferLater

from .cases import InnerFixture
from .fixture import Connected
from .inner import Outer, problems


class Step11FixturePort(Outer):
    """setUp listens; whatever fails after that, the port is stopped.

    Write the beginning of Connected.setUp, in fixture.py. trial calls tearDown only where setUp
    has succeeded, so a setUp that fails halfway would leave its port behind. A cleanup is called
    in any case: add self.end as one before there is anything to end, and trial also waits for the
    Deferred that it returns. Then listen, on 127.0.0.1 and any free port, and keep the port as
    self.port.
    """

    def test_listens(self):
        """When listening() is called, the port of that number listens, on 127.0.0.1; it is self.port."""
        seen, error = [], OSError("halfway through setUp")

        class Listens(InnerFixture):
            async def listening(self, number):
                seen.append((number, self.port.getHost().port, self.port.getHost().host))
                socket.create_connection(("127.0.0.1", number), timeout=1).close()
                raise error

        self.assert_reported(Listens, [error], "where listening() connects, then raises that")
        number, kept, host = seen[0]
        self.assertEqual(number, kept, f"Expected port {number} as self.port; got {kept}.")
        self.assertEqual(host, "127.0.0.1", f"Expected to listen on 127.0.0.1 only; got {host!r}.")

    def test_any_port(self):
        """The port is any free one, so that two runs at once do not meet."""
        error, numbers = OSError("halfway through setUp"), []

        class Fails(InnerFixture):
            async def listening(self, number):
                numbers.append(number)
                raise error

        self.assert_reported(Fails, [error], "where listening() raises that")
        with socket.socket() as other:
            if os.name == "posix":
                # As Twisted does: else a connection that has just ended there would keep us out.
                other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                other.bind(("127.0.0.1", numbers[0]))
                other.listen()
            except OSError:
                pass  # Somebody else has it by now: just as well.
            got = problems(Fails)
        taken = [problem for problem in got if isinstance(problem, CannotListenError)]
        self.assertEqual(
            taken, [], f"Expected port 0, any free one; port {numbers[0]}, in use, was asked for."
        )

    def test_fails_halfway(self):
        """If setUp fails after that, its error is reported, and no port is left."""
        error = OSError("halfway through setUp")

        class Fails(InnerFixture):
            async def listening(self, number):
                raise error

        self.assert_reported(Fails, [error], "where setUp fails once the port listens")

    def test_slow_port(self):
        """trial waits until the port has stopped."""
        error = OSError("halfway through setUp")

        class Slow(InnerFixture):
            async def listening(self, number):
                from twisted.internet import reactor

                stop = self.port.stopListening
                self.port.stopListening = lambda: deferLater(reactor, 0.05, stop)
                raise error

        self.assert_reported(Slow, [error], "where a port takes 0.05 s to stop")

    def test_default(self):
        """A test that says nothing else may take 5 s; its grace is 1 s, its limit 3 s."""
        got = Connected.timeout, Connected.grace, Connected.limit
        self.assertEqual(
            got,
            (5, 1.0, 3.0),
            f"Expected a timeout of 5 s, a grace of 1 s, a limit of 3 s; got {got}.",
        )

    def test_end(self):
        """trial calls self.end, once, when the test is over: only that knows of all that will be opened."""
        error, calls = OSError("halfway through setUp"), []

        class Fails(InnerFixture):
            async def listening(self, number):
                raise error

            def end(self):
                calls.append(self.port)
                return super().end()

        self.assert_reported(Fails, [error], "where setUp fails once the port listens")
        self.assertEqual(
            len(calls),
            1,
            f"Expected trial to call self.end once; it did {len(calls)} times. Add just that as a cleanup.",
        )

    def test_end_fails(self):
        """What self.end fails with is reported, too."""
        error, late = OSError("halfway through setUp"), RuntimeError("the port would not stop")

        class Fails(InnerFixture):
            async def listening(self, number):
                stop = self.port.stopListening

                async def refuse():
                    await stop()
                    raise late

                self.port.stopListening = lambda: ensureDeferred(refuse())
                raise error

        self.assert_reported(Fails, [error, late], "where setUp and then the port fail with those")

    def test_fails_before(self):
        """If setUp fails before there is a port, its error is reported, and nothing else."""
        error = CannotListenError("127.0.0.1", 0, OSError("no more ports"))

        class Fails(InnerFixture):
            async def setUp(self):
                from twisted.internet import reactor

                def fail(*_, **__):
                    raise error

                self.patch(reactor, "listenTCP", fail)
                await super().setUp()

        self.assert_reported(Fails, [error], "where listenTCP raises that")
