"""The fixture's two sides, over real sockets, slow lines and each reactor."""

import importlib
import sys
from pathlib import Path

from twisted.internet import default
from twisted.internet.protocol import Protocol
from twisted.trial.unittest import SkipTest

from .cases import Deaf, InnerFixture, unread
from .everywhere import LINES
from .inner import Outer, problems, trial_says, words
from .lines import CLOGGED, LATE_CLIENT, LATE_SERVER, QUIET, Client, Side
from .teardown import NotOver


class Step12FixtureSides(Outer):
    """setUp connects, on any line and reactor, and both sides are ended.

    Write the rest of Connected.setUp(), and one line of Connected.connect(), in fixture.py. setUp
    connects a client with self.connect(), waits for both sides, and keeps them as self.client and
    self.server. Either may be connected before the other: so call accepted() before you connect,
    and wait for it afterwards. Note each side with self.note(), as "the client" and "the server",
    as soon as it is connected: the client in connect(), the server in a callback. self.end, which
    is given, passes the port and the sides to your tear_down; trial may then report only what the
    test or setUp has raised, or a failure of tear_down.
    """

    def test_connected(self):
        """A test has both sides, connected to each other, of the classes that its test case names."""
        seen = []

        class Looks(InnerFixture):
            client_class, server_class = Client, Side

            async def runTest(self):
                seen.extend([type(self.client), type(self.server)])
                one, other = self.client.transport, self.server.transport
                seen.append((one.getHost(), one.getPeer()) == (other.getPeer(), other.getHost()))
                seen.append(sorted(side.name for side in self.sides))

        self.assert_clean(Looks, "for a test that looks at both sides")
        self.assertEqual(
            seen[:3],
            [Client, Side, True],
            "Expected self.client, a Client, and self.server, a Side, connected to each other; "
            f"got {seen[:2]}, {'connected' if seen[2] else 'not connected'}.",
        )
        self.assertEqual(
            seen[3],
            ["the client", "the server"],
            f"Expected two sides, noted as 'the client' and 'the server'; noted: {seen[3]}.",
        )

    def test_server_hears_late(self):
        """A client may be connected before the server has heard of it; setUp waits for both."""
        seen = []

        class HearsLate(Protocol):
            def makeConnection(self, transport):
                from twisted.internet import reactor

                reactor.callLater(0.02, super().makeConnection, transport)

        class Looks(InnerFixture):
            server_class = HearsLate

            async def runTest(self):
                seen.append(getattr(self, "server", None))

        self.assert_clean(Looks, "when a server hears of its client 0.02 s later")
        self.assertIsInstance(
            seen[0], HearsLate, f"Expected self.server to be set after setUp; got {seen[0]!r}."
        )

    def test_lines(self):
        """On each line, both sides are ended, and nothing is left: quiet, late server, late client, clogged."""
        lines = {
            "a quiet line": QUIET,
            "a line with a late server": LATE_SERVER,
            "a line with a late client": LATE_CLIENT,
            "a clogged line": CLOGGED,
        }
        for name, line in lines.items():
            sides = []

            class Talks(InnerFixture):
                client_class, server_class = line.client, line.server

                async def runTest(self, sides=sides):
                    sides += [self.client, self.server]
                    await self.client.answer

            self.assert_clean(Talks, f"on {name}")
            self.assert_over(sides, f"on {name}")

    def test_sides_that_hear_nothing(self):
        """Each side is closed separately: neither depends on the other's end."""
        sides = []

        class Unhearing(InnerFixture):
            client_class, server_class = unread(Client), unread(Side)

            async def runTest(self):
                sides.extend([self.client, self.server])

        self.assert_clean(Unhearing, "when neither side reads")
        self.assert_over(sides, "when neither side reads")

    def test_failing_test(self):
        """If the test itself fails, its failure is reported, and nothing else."""
        error = AssertionError("the test itself")

        class Fails(InnerFixture):
            client_class, server_class = LATE_SERVER.client, LATE_SERVER.server

            async def runTest(self):
                await self.client.answer
                raise error

        self.assert_reported(Fails, [error], "when the test fails with that")

    def test_connect_fails(self):
        """If connect() raises after both sides are connected, its error is reported, and both are ended."""
        error, sides = OSError("after connecting"), []

        class Fails(InnerFixture):
            client_class, server_class = unread(Client), unread(Side)

            async def connect(self, number):
                sides.append(await super().connect(number))
                raise error

        self.assert_reported(Fails, [error], "when connect() raises after connecting")
        self.assert_over(sides, "when connect() raises after connecting")

    def test_refused(self):
        """If the client cannot connect, the error itself is reported, without a FirstError, and the port is stopped."""
        error = OSError("refused")

        class Fails(InnerFixture):
            async def connect(self, number):
                raise error

        self.assert_reported(Fails, [error], "when connect() raises before it connects")

    def test_ended_by_the_test(self):
        """The test may close or abort a side itself, and wait for the end or not."""
        for side, stroke, waits in (
            ("client", "loseConnection", True),
            ("server", "abortConnection", False),
        ):

            class Ends(InnerFixture):
                client_class, server_class = Client, Side

                async def runTest(self, side=side, stroke=stroke, waits=waits):
                    getattr(getattr(self, side).transport, stroke)()
                    if waits:
                        await self.client.over
                        await self.server.over

            self.assert_clean(Ends, f"for a test that calls the {side}'s {stroke}")

    def test_over_before_the_test(self):
        """Both sides may be over before setUp is: the server may close as soon as it is connected."""
        for stroke in ("loseConnection", "abortConnection"):
            servers = []

            class Hasty(Side):
                def connectionMade(self, servers=servers, stroke=stroke):
                    servers.append(self)
                    getattr(self.transport, stroke)()

            class Connects(InnerFixture):
                client_class, server_class = Client, Hasty

                async def connect(self, number, servers=servers):
                    client = await super().connect(number)
                    await client.over
                    await servers[0].over
                    return client

            self.assert_clean(Connects, f"when both sides are over before setUp is, by {stroke}")

    def test_never_over(self):
        """A side that does not end is named after the limit; everything else is ended."""
        for side in ("client", "server"):
            sides = []

            class Stays(InnerFixture):
                grace, limit = 0.02, 0.05
                client_class = unread(Client) if side == "client" else Client
                server_class = unread(Side) if side == "server" else Side

                def note(self, protocol, name, side=side, sides=sides):
                    sides.append(protocol)
                    if name == f"the {side}":
                        protocol.transport = Deaf(protocol.transport)
                    return super().note(protocol, name)

                async def tearDown(self, sides=sides):
                    for one in sides:
                        if isinstance(one.transport, Deaf):
                            one.transport.transport.abortConnection()
                            await one.over

            self.assert_names(Stays, f"the {side}")

    def assert_names(self, case, name):
        """trial reports a NotOver with this side's name, and nothing else."""
        got = problems(case, patience=self.patience)
        said = "; ".join(map(words, got)) or "none"
        when = f"when {name} does not end, with a limit of {case.limit} s"
        for problem in got:
            if isinstance(problem, NotImplementedError):
                raise problem
        self.assertEqual(
            [type(problem) for problem in got],
            [NotOver],
            f"Expected trial to report NotOver {when}; it reported {said}.",
        )
        self.assertIn(name, str(got[0]), f"Expected NotOver to name {name}; it says: {got[0]}")

    def test_close_raises(self):
        """If closing a side raises, the exception is reported after everything has ended."""
        error, sides = RuntimeError("no, it will not close"), []

        class Raises(InnerFixture):
            client_class, server_class = Client, Side

            def note(self, protocol, name):
                if name == "the client":
                    protocol.transport = Deaf(protocol.transport, error)
                sides.append(protocol)
                return super().note(protocol, name)

        self.assert_reported(Raises, [error], "when closing the client raises that")
        self.assert_over(sides, "when closing the client raises")

    def test_order(self):
        """In a cleanup that the test has added, the connection is still open; in tearDown, it is over."""
        seen = []

        class Looks(InnerFixture):
            client_class, server_class = Client, Side

            async def runTest(self):
                self.addCleanup(lambda: seen.append(self.client.over.called))

            def tearDown(self):
                seen.append(self.client.over.called and self.server.over.called)

        self.assert_clean(Looks, "for a test with a cleanup and a tearDown")
        self.assertEqual(
            seen,
            [False, True],
            "Expected the connection to be open in the test's own cleanup, and over in tearDown; "
            f"over in the cleanup: {seen[0]}, in tearDown: {seen[-1]}.",
        )

    def assert_clean_on(self, name, module):
        """trial passes everywhere.py on this reactor.

        A process keeps the reactor that it has installed, so trial runs in a new process for another.
        Only a run on the platform's default reactor starts these; a run on another tests only that.
        """
        from twisted.internet import reactor

        try:
            importlib.import_module(f"twisted.internet.{module}")
        except ImportError:
            raise SkipTest(f"This platform has no {name} reactor.") from None
        here = type(reactor).__module__
        if here == f"twisted.internet.{module}":
            for case in LINES:
                one = type(case.__name__, (case,), {"runTest": case.test_hello})
                self.assert_clean(one, f"for {case.__name__} in everywhere.py, on {name}")
            return
        if here != default.install.__module__:
            raise SkipTest(f"A run on the default reactor starts {name}; this one is on {here}.")
        module, place = f"{__package__}.everywhere", Path(self.mktemp()).resolve()
        said = trial_says(module, name, place)
        self.assertEqual(
            said, "", f"Expected everywhere.py to pass on the {name} reactor; trial says:\n{said}"
        )

    def test_select(self):
        """It works on the select reactor: everywhere.py passes."""
        self.assert_clean_on("select", "selectreactor")

    def test_poll(self):
        """It works on the poll reactor."""
        self.assert_clean_on("poll", "pollreactor")

    def test_epoll(self):
        """It works on the epoll reactor, which Linux has."""
        self.assert_clean_on("epoll", "epollreactor")

    def test_kqueue(self):
        """It works on the kqueue reactor, which macOS and the BSDs have."""
        self.assert_clean_on("kqueue", "kqreactor")

    def test_iocp(self):
        """It works on the IOCP reactor, which Windows has."""
        self.assert_clean_on("iocp", "iocpreactor")

    def test_asyncio(self):
        """It works on the asyncio reactor."""
        if sys.platform == "win32":
            raise SkipTest("trial --reactor=asyncio does not run on Windows' own event loop.")
        self.assert_clean_on("asyncio", "asyncioreactor")
