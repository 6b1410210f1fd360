"""The mixin's limit: what has not ended by then is named."""

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure
from twisted.trial.util import DirtyReactorAggregateError

from ..wire import FakeEndpoint
from .cases import FakeListening, Halfway, Inner, unread
from .fakes import FakePort
from .inner import Outer, problems, words
from .lines import Client, Side


class Impatient(Inner):
    """An inner test in which something never ends."""

    timeout = 0.7
    limit = 0.05


async def opened(test, seen):
    """A connection through the mixin whose transport never tells the protocol that it is over; seen gets the protocol."""
    endpoint = FakeEndpoint()
    attempt = test.connect(endpoint, Factory.forProtocol(Side))
    endpoint.accept()
    seen.append(await attempt)


class Step17MixinLimit(Outer):
    """What has not ended after the limit is named, and fails the test.

    Write the last lines of _end(), in tidy.py. An end may never come: a test may use a transport
    that is not real, a program may lose an event. trial would wait for its own timeout, 120
    seconds unless it is told otherwise, and then could not say for what. So stop waiting after
    self.limit seconds, and raise an AssertionError whose message names each end that did not
    come, and no other: a connection by str() of its protocol and of its two addresses, a port by
    its str().
    """

    def assert_named(self, case, things, when, own=()):
        """trial reports the test's own exceptions and one more, whose message has str() of these. Gives the message."""
        got = problems(case)
        said = "; ".join(map(words, got)) or "none"
        late = [problem for problem in got if problem not in own]
        wrong = [p for p in late if isinstance(p, TimeoutError | DirtyReactorAggregateError)]
        self.assertTrue(
            len(late) == 1 and not wrong and len(got) == 1 + len(own),
            f"Expected trial to report one failure, that of the limit, {case.limit} s, {when}; "
            f"it reported {said}.",
        )
        for thing in things:
            self.assertIn(
                str(thing), str(late[0]), f"Expected {thing} to be named {when}; it says: {late[0]}"
            )
        return str(late[0])

    def test_connection(self):
        """A connection that does not end is named within the limit: its protocol, and from where to where."""
        seen = []

        class Stays(Impatient):
            async def runTest(self):
                await opened(self, seen)
                transport = seen[0].transport
                seen.extend([transport.getHost(), transport.getPeer()])

        self.assert_named(Stays, seen, "of a connection whose end does not come")

    def test_port(self):
        """A port that does not stop is named within the limit."""
        port = FakePort(Deferred())

        class Stays(Impatient):
            async def runTest(self):
                await self.listen(FakeListening(port), Factory())

        self.assert_named(Stays, [port], "of a port that does not stop")

    def test_port_fails_in_time(self):
        """A port that fails within the limit has ended: what it failed with is reported, and nothing is named."""
        error = OSError("the port would not stop")

        class Fails(Impatient):
            async def runTest(self):
                await self.listen(FakeListening(FakePort(error)), Factory())

        self.assert_reported(Fails, [error], "of a port that fails with that, within the limit")

    def test_several(self):
        """All that do not end are named, and nothing else; all else has ended."""
        stubborn, sides = [], []

        class Stays(Impatient):
            limit = 0.2

            async def runTest(self):
                await opened(self, stubborn)
                sides.extend(await self.pair())
                self.connect(FakeEndpoint(), Factory.forProtocol(Client))
                await opened(self, stubborn)

        when = "of two connections whose ends do not come, and another whose ends do"
        message = self.assert_named(Stays, stubborn, when)
        self.assert_over(sides, when)
        for side in sides:
            self.assertNotIn(
                str(side),
                message,
                f"Expected {side}, which has ended, not to be named; it says: {message}",
            )

    def test_in_time(self):
        """Where all has ended in time, nothing of the limit is left in the reactor."""

        class Ends(Inner):
            async def runTest(self):
                await self.pair()

        self.assert_clean(Ends, "of a connection that ends well before the limit")

    def test_late(self):
        """An end that comes after the limit does no harm."""
        port, seen = FakePort(Deferred()), []

        class Late(Impatient):
            async def runTest(self):
                await self.listen(FakeListening(port), Factory())
                await opened(self, seen)

            def tearDown(self):
                seen[0].connectionLost(Failure(ConnectionDone()))
                port.gives.callback(None)

        self.assert_named(Late, [port], "of ends that come after the limit")

    def test_setup_fails(self):
        """It is named where setUp fails, too, besides what setUp failed with; what can end has ended."""
        error, stubborn, sides = Halfway("on purpose"), [], []

        class Fails(Impatient):
            limit = 0.1

            async def setUp(self):
                await opened(self, stubborn)
                sides.extend(await self.pair(unread(Client), unread(Side)))
                raise error

        when = "of a connection whose end does not come, where setUp fails"
        self.assert_named(Fails, stubborn, when, own=[error])
        self.assert_over(sides, when)
