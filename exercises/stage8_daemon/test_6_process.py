"""The daemon as a process of its own: from its start to SIGTERM."""

import signal
import sys

from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import ConnectError
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from .helpers import WHERE, Reader, parsed, poem_file
from .poetry_daemon import makeService
from .twisted_process import HERE, shipped, start

POEM = (HERE / "poem.txt").read_bytes()


class Step11Process(TestCase):
    """SIGTERM ends the process in good order, with exit code 0.

    Write PoetryService._take_sigterm, which is called once the reactor runs. Twisted's own handler
    stops the reactor, and twist then ends by the signal, as if it had not been caught: whoever
    started it cannot tell that from a stop that went wrong. signal.signal(signal.SIGTERM, function)
    sets another handler, and gives the one before, to be kept in self._sigterm. In a handler only
    reactor.callFromThread is safe: have it call reactor.stop.
    """

    longMessage = False  # Our message alone, not unittest's before it.
    timeout = 8
    if sys.platform == "win32":
        skip = "Windows has no SIGTERM that a process could handle: it ends it at once."

    async def serving(self):
        """Start twist, and fetch the poem. Gives the process, and an endpoint that connects to it."""
        from twisted.internet import reactor

        port = "tcp:0:interface=127.0.0.1"
        daemon = start(self, shipped(self), "poetry", "--port", port, "--poem", "poem.txt")
        # Where it listens is in the log before the reactor runs, or not at all.
        where = await daemon.says(
            f"{WHERE}.*\n|Starting reactor", "its log to tell where it listens"
        )
        self.assertTrue(where[1], f"Expected its log to tell where it listens: {daemon.output}")
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", int(where[1]))
        reader = await connectProtocol(endpoint, Reader())
        got = await reader.over
        self.assertEqual(got, POEM, f"Expected the bytes of poem.txt; got {got!r}.")
        return daemon, endpoint

    async def test_sigterm(self):
        """After SIGTERM the process ends with exit code 0, and its port is free."""
        daemon, endpoint = await self.serving()
        daemon.transport.signalProcess("TERM")
        code = await daemon.ends("after SIGTERM")
        self.assertEqual(
            code, 0, f"Expected exit code 0 after SIGTERM; got {code} (minus is a signal's number)."
        )
        try:
            await connectProtocol(endpoint, Reader())
        except ConnectError:
            return
        self.fail("Expected the port to be free once the process has ended; it took a client.")

    async def test_log(self):
        """Its log tells of the start, of the poem and of the stop, has no traceback, and no line of the poem."""
        daemon, _ = await self.serving()
        daemon.transport.signalProcess("TERM")
        await daemon.ends("after SIGTERM")
        own = [line for line in daemon.output.splitlines() if "[poetry_daemon" in line]
        self.assertEqual(
            len(own), 3, f"Expected three lines, of the start, the poem and the stop; got {own}."
        )
        for text in ("Traceback", *POEM.decode("utf-8").split("\n")[:2]):
            self.assertNotIn(text, daemon.output, f"Expected no {text!r} in: {daemon.output}")

    async def test_handler(self):
        """A service that has stopped leaves the handler of SIGTERM as it was before it started."""
        from twisted.internet import reactor

        await deferLater(reactor, 0)  # from here on, the reactor runs
        before = signal.getsignal(signal.SIGTERM)
        self.addCleanup(signal.signal, signal.SIGTERM, before)
        options = "--port", "tcp:0:interface=127.0.0.1", "--poem", poem_file(self)
        service = makeService(parsed(self, *options))
        service.startService()
        during = signal.getsignal(signal.SIGTERM)
        await service.stopService()
        after = signal.getsignal(signal.SIGTERM)
        self.assertIsNot(during, before, "Expected a handler of its own while the service runs.")
        self.assertIs(after, before, "Expected the handler from before to be back after the stop.")
