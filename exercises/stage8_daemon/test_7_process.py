"""The daemon as a process: from its start to SIGTERM."""

import runpy
import signal
import sys

from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import ConnectError, ReactorNotRunning
from twisted.internet.task import deferLater
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import TestCase

from .helpers import FakeEndpoint, FakePort, Reader, fake_service, parsed, poem_file
from .poetry_daemon import PoetryFactory, PoetryService, makeService
from .twisted_process import HERE, python, shipped, start

SIGNALS = [
    getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)
]
POEM = (HERE / "poem.txt").read_bytes()
# Does what twist does, and sends itself a signal between the start and the reactor's run.
AT_ONCE = """
import os, signal, sys
import poetry_daemon
from twisted.internet import reactor

number = int(sys.argv[1])
signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
options = poetry_daemon.Options()
options.parseOptions(["--port", "tcp:0:interface=127.0.0.1", "--poem", "poem.txt"])
service = poetry_daemon.makeService(options)
service.startService()
reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
os.kill(os.getpid(), number)
reactor.run()
print("over")
"""
# The first number of four or five digits in a line of the daemon's log: a port that the system picks has that many.
WHERE = r"\[poetry_daemon[^\]]*\].*?\b(\d{4,5})\b.*\n"


class Running(MemoryReactorClock):
    """A reactor that runs until it is stopped. calls: the pending calls of callFromThread."""

    def __init__(self):
        super().__init__()
        self.running, self.calls = True, []

    def callFromThread(self, function, *args, **kwargs):
        self.calls.append((function, args, kwargs))

    def stop(self):
        if not self.running:
            raise ReactorNotRunning("Can't stop reactor that isn't running.")
        super().stop()

    def turn(self):
        """Make the calls that callFromThread was given."""
        calls, self.calls = self.calls, []
        for function, args, kwargs in calls:
            function(*args, **kwargs)


class Step07Process(TestCase):
    """On SIGTERM the process shuts down cleanly, with exit code 0.

    Write PoetryService._take_signals: for each of SIGNALS that is not ignored, and for no other
    signal, it sets a handler, and keeps the previous one in self._before[number]. The handler only
    passes self._stop_reactor to self.reactor.callFromThread; it stops nothing and raises nothing
    itself. A second signal, of any kind, changes nothing.
    """

    longMessage = False  # Our message alone, not unittest's before it.
    timeout = 8
    if sys.platform == "win32":
        skip = "On Windows a process cannot handle SIGTERM: it ends at once."

    async def serving(self):
        """Start twist, and fetch the poem. Returns the process and an endpoint that connects to it."""
        from twisted.internet import reactor

        port = "tcp:0:interface=127.0.0.1"
        daemon = start(self, shipped(), "poetry", "--port", port, "--poem", "poem.txt")
        # If the address is not in the log before the reactor runs, it never will be.
        where = await daemon.says(f"{WHERE}|Starting reactor", "the port in its log")
        self.assertTrue(where[1], f"Expected the port in its log; got {daemon.output}")
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", int(where[1]))
        try:
            got = await (await connectProtocol(endpoint, Reader())).over
        except ConnectError as error:
            got = error
        if got != POEM:
            said = await daemon.last_words()
            self.fail(f"Expected the bytes of poem.txt; got {got!r}. The daemon's log: {said}")
        return daemon, endpoint

    async def test_sigterm(self):
        """After SIGTERM the process ends with exit code 0, and its port is free."""
        daemon, endpoint = await self.serving()
        daemon.transport.signalProcess("TERM")
        code = await daemon.ends("after SIGTERM")
        self.assertEqual(
            code, 0, f"Expected exit code 0 after SIGTERM; got {code} (if negative, a signal)."
        )
        try:
            await connectProtocol(endpoint, Reader())
        except ConnectError:
            return
        self.fail("Expected the port to be free once the process has ended; it accepted a client.")

    def test_at_once(self):
        """A signal between startService and the reactor's run is held back, and then stops the reactor as usual."""
        folder = shipped()
        for number in SIGNALS:
            code, said, errors = python(self, folder, "-c", AT_ONCE, str(int(number)))
            self.assertEqual(
                (code, said),
                (0, "over\n"),
                f"Expected a clean shutdown after {number!r} while the reactor starts; got exit code "
                f"{code} (if negative, a signal). {said}{errors}",
            )

    async def test_log(self):
        """Its log has lines for the start, the client and the stop, no traceback, and no line of the poem."""
        daemon, _ = await self.serving()
        daemon.transport.signalProcess("TERM")
        await daemon.ends("after SIGTERM")
        own = [line for line in daemon.output.splitlines() if "[poetry_daemon" in line]
        self.assertEqual(
            len(own), 3, f"Expected three lines, for start, client and stop; got {own}."
        )
        for text in ("Traceback", *POEM.decode("utf-8").split("\n")[:2]):
            self.assertNotIn(
                text, daemon.output, f"Expected no {text!r} in the log; got {daemon.output}"
            )

    def default(self, number):
        """Give a signal its default handler until the test ends."""
        self.addCleanup(signal.signal, number, signal.signal(number, signal.SIG_DFL))

    async def test_handlers(self):
        """A service that stops restores the previous handlers; a second stop does not change them."""
        from twisted.internet import reactor

        def before(number, frame):
            """The handler before the service."""

        await deferLater(reactor, 0)  # from here on, the reactor runs
        for number in SIGNALS:
            self.default(number)
            signal.signal(number, before)
        options = "--port", "tcp:0:interface=127.0.0.1", "--poem", poem_file()
        service = makeService(parsed(self, *options))
        service.startService()
        during = [signal.getsignal(number) for number in SIGNALS]
        await service.stopService()
        after = [signal.getsignal(number) for number in SIGNALS]
        for number, handler, last in zip(SIGNALS, during, after, strict=True):
            self.assertNotEqual(
                handler, before, f"Expected a new handler for {number!r}; got the previous one."
            )
            self.assertEqual(
                last,
                before,
                f"Expected the previous handler of {number!r} after the stop; got {last!r}.",
            )
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        await service.stopService()
        for number in SIGNALS:
            got = signal.getsignal(number)
            self.assertEqual(
                got,
                signal.SIG_IGN,
                f"Expected a second stop not to change {number!r}; got {got!r}.",
            )

    def running(self):
        """Start a service on a fake reactor that runs. Returns the reactor."""
        reactor = Running()
        PoetryService(reactor, FakeEndpoint(FakePort()), PoetryFactory(POEM)).startService()
        return reactor

    def test_ignored(self):
        """A signal that the process ignored from its start, as with nohup, stays ignored."""
        for number in SIGNALS:
            self.default(number)
        for ignored in SIGNALS:
            for number in SIGNALS:
                signal.signal(number, signal.SIG_IGN if number == ignored else signal.SIG_DFL)
            self.running()
            for number in SIGNALS:
                got = signal.getsignal(number) == signal.SIG_IGN
                self.assertEqual(
                    got,
                    number == ignored,
                    f"Expected only {ignored!r} to be ignored, as before; for {number!r}, ignored is "
                    f"{got}.",
                )

    def test_others(self):
        """No other signal's handler changes."""
        others = signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGWINCH
        for number in (*SIGNALS, *others):
            self.default(number)
        self.running()
        changed = [number for number in others if signal.getsignal(number) != signal.SIG_DFL]
        self.assertEqual(
            changed, [], f"Expected handlers only for {SIGNALS}; got others for {changed}."
        )

    def test_elsewhere(self):
        """On a system without SIGHUP and pthread_sigmask, such as Windows, the daemon works without them."""
        hup, mask = signal.SIGHUP, signal.pthread_sigmask
        del signal.SIGHUP, signal.pthread_sigmask
        try:
            there = runpy.run_path(str(HERE / "poetry_daemon.py"))
            there["hold_back"](True)
        finally:
            signal.SIGHUP, signal.pthread_sigmask = hup, mask
        got = there["SIGNALS"]
        self.assertEqual(
            got,
            [signal.SIGTERM, signal.SIGINT],
            f"Expected SIGTERM and SIGINT if there is no SIGHUP; got {got}.",
        )

    def test_not_held_back(self):
        """If the reactor is not the global one, or already runs, no signal is held back."""
        self.addCleanup(signal.pthread_sigmask, signal.SIG_UNBLOCK, SIGNALS)
        for number in SIGNALS:
            self.default(number)
        for begin in (self.running, fake_service):
            begin()
            held = signal.pthread_sigmask(signal.SIG_BLOCK, []) & {*SIGNALS}
            self.assertEqual(held, set(), f"Expected no signal to be held back; got {held}.")

    def test_late(self):
        """After a stop that a signal began, while the process ends, signals are ignored."""
        for number in SIGNALS:
            self.default(number)
        reactor = Running()
        service = PoetryService(reactor, FakeEndpoint(FakePort()), PoetryFactory(POEM))
        service.startService()
        handler = signal.getsignal(SIGNALS[0])
        self.assertTrue(
            callable(handler), f"Expected a handler while the service runs; got {handler!r}."
        )
        handler(SIGNALS[0], None)
        reactor.turn()
        service.stopService()
        got = [signal.getsignal(number) for number in SIGNALS]
        self.assertEqual(
            got,
            [signal.SIG_IGN] * len(SIGNALS),
            f"Expected {SIGNALS} to be ignored while the process ends; got {got}.",
        )

    def test_in_turn(self):
        """Each handler leaves the stop to reactor.callFromThread, and a second signal raises nothing."""
        for number in SIGNALS:
            self.default(number)
        for number in SIGNALS:
            for other in SIGNALS:
                signal.signal(other, signal.SIG_DFL)
            reactor = self.running()
            handlers = [signal.getsignal(one) for one in SIGNALS]
            self.assertTrue(
                all(map(callable, handlers)),
                f"Expected handlers of {SIGNALS} while the service runs; got {handlers}.",
            )
            try:
                signal.getsignal(number)(number, None)
            except SystemExit:
                self.fail("Expected the handler to raise nothing; it raised SystemExit.")
            self.assertFalse(
                reactor.hasStopped,
                "Expected the handler to leave the reactor running; it stopped it in the middle of "
                "whatever the reactor was doing.",
            )
            reactor.turn()
            self.assertTrue(
                reactor.hasStopped,
                f"Expected the handler of {number!r} to pass the stop to callFromThread.",
            )
            for second in SIGNALS:
                signal.getsignal(second)(second, None)
                try:
                    reactor.turn()
                except ReactorNotRunning as error:
                    self.fail(
                        f"Expected {second!r} after {number!r} to do nothing; it raised "
                        f"ReactorNotRunning: {error}"
                    )
