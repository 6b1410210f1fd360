"""The daemon as a process of its own: from its start to SIGTERM."""

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
# Does what twist does, and sends its own process a signal in between.
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
# The first number of four or five digits in a line of the daemon's own: a port that the system has picked has so many.
WHERE = r"\[poetry_daemon[^\]]*\].*?\b(\d{4,5})\b.*\n"


class Running(MemoryReactorClock):
    """A reactor that runs, until it is stopped. calls: what callFromThread was given, and has not called yet."""

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
        """Call what callFromThread was given."""
        calls, self.calls = self.calls, []
        for function, args, kwargs in calls:
            function(*args, **kwargs)


class Step11Process(TestCase):
    """SIGTERM ends the process in good order, with exit code 0.

    Write PoetryService._take_signals, which is called once the reactor runs. Twisted's own handlers
    stop the reactor, and twist then ends by the signal, as if it had not been caught: whoever
    started it cannot tell that from a stop that went wrong. signal.signal(number, function) sets
    another handler, and gives the one before, to be kept in self._before[number]. Do so for each of
    SIGNALS that is not ignored: SIGTERM, SIGINT and SIGHUP. In a handler only
    reactor.callFromThread is safe: have it call self._stop_reactor, which is given.
    """

    longMessage = False  # Our message alone, not unittest's before it.
    timeout = 8
    if sys.platform == "win32":
        skip = "Windows has no SIGTERM that a process could handle: it ends it at once."

    async def serving(self):
        """Start twist, and fetch the poem. Returns the process, and an endpoint that connects to it."""
        from twisted.internet import reactor

        port = "tcp:0:interface=127.0.0.1"
        daemon = start(self, shipped(), "poetry", "--port", port, "--poem", "poem.txt")
        # Where it listens is in the log before the reactor runs, or not at all.
        where = await daemon.says(f"{WHERE}|Starting reactor", "its log to tell where it listens")
        self.assertTrue(where[1], f"Expected its log to tell where it listens: {daemon.output}")
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", int(where[1]))
        try:
            got = await (await connectProtocol(endpoint, Reader())).over
        except ConnectError as error:
            got = error
        if got != POEM:
            said = await daemon.last_words()
            self.fail(f"Expected the bytes of poem.txt; got {got!r}. The daemon said: {said}")
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

    def test_at_once(self):
        """A signal that comes after startService, before the reactor runs, waits, and then stops it as any other does."""
        folder = shipped()
        for number in SIGNALS:
            code, said, errors = python(self, folder, "-c", AT_ONCE, str(int(number)))
            self.assertEqual(
                (code, said),
                (0, "over\n"),
                f"Expected {number!r}, come while the reactor starts, to stop it in good order; got "
                f"exit code {code} (minus is a signal's number). {said}{errors}",
            )

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

    def default(self, number):
        """Have a signal do what it does by default, until the test ends."""
        self.addCleanup(signal.signal, number, signal.signal(number, signal.SIG_DFL))

    async def test_handlers(self):
        """A service that has stopped leaves the handlers as they were before; stopped again, it leaves them alone."""
        from twisted.internet import reactor

        def before(number, frame):
            """What there was before the service."""

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
                handler, before, f"Expected a handler of its own for {number!r}; got none."
            )
            self.assertEqual(
                last,
                before,
                f"Expected the handler of {number!r} from before to be back after the stop.",
            )
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        await service.stopService()
        for number in SIGNALS:
            got = signal.getsignal(number)
            self.assertEqual(
                got,
                signal.SIG_IGN,
                f"Expected a second stop to leave {number!r} alone; got {got!r}.",
            )

    def running(self):
        """Start a service on a reactor that runs, a fake one. Returns the reactor."""
        reactor = Running()
        PoetryService(reactor, FakeEndpoint(FakePort()), PoetryFactory(POEM)).startService()
        return reactor

    def test_ignored(self):
        """A signal that the process was started to ignore, as by nohup, stays ignored."""
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
                    f"Expected {ignored!r}, which was ignored, and no other to be ignored; of "
                    f"{number!r} this is {got}.",
                )

    def test_others(self):
        """No other signal has another handler than before."""
        others = signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGWINCH
        for number in (*SIGNALS, *others):
            self.default(number)
        self.running()
        changed = [number for number in others if signal.getsignal(number) != signal.SIG_DFL]
        self.assertEqual(
            changed, [], f"Expected {SIGNALS} alone to be handled; got {changed}, too."
        )

    def test_elsewhere(self):
        """If a system has no SIGHUP, and holds no signal back, as Windows, the daemon goes without."""
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
            f"Expected SIGTERM and SIGINT where there is no SIGHUP; got {got}.",
        )

    def test_not_held_back(self):
        """If the reactor is not the process's own, or runs already, no signal is held back."""
        self.addCleanup(signal.pthread_sigmask, signal.SIG_UNBLOCK, SIGNALS)
        for number in SIGNALS:
            self.default(number)
        for begin in (self.running, fake_service):
            begin()
            held = signal.pthread_sigmask(signal.SIG_BLOCK, []) & {*SIGNALS}
            self.assertEqual(held, set(), f"Expected no signal to be held back; got {held}.")

    def test_late(self):
        """A signal that comes after the stop that a signal began, while the process ends, is ignored."""
        for number in SIGNALS:
            self.default(number)
        reactor = Running()
        service = PoetryService(reactor, FakeEndpoint(FakePort()), PoetryFactory(POEM))
        service.startService()
        handler = signal.getsignal(SIGNALS[0])
        self.assertTrue(
            callable(handler), f"Expected a handler while the service runs; got {handler}."
        )
        handler(SIGNALS[0], None)
        reactor.turn()
        service.stopService()
        got = [signal.getsignal(number) for number in SIGNALS]
        self.assertEqual(
            got,
            [signal.SIG_IGN] * len(SIGNALS),
            f"Expected {SIGNALS} to be ignored while the process ends; their handlers are {got}.",
        )

    def test_in_turn(self):
        """Each handler leaves the stop to reactor.callFromThread, and a second signal, of any kind, raises nothing."""
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
                self.fail("Expected the handler to end nothing itself; SystemExit came.")
            self.assertFalse(
                reactor.hasStopped,
                "Expected the handler to stop nothing itself, in the middle of what the reactor does; "
                "the reactor was stopped.",
            )
            reactor.turn()
            self.assertTrue(
                reactor.hasStopped,
                f"Expected callFromThread to be given the stop by the handler of {number!r}.",
            )
            for second in SIGNALS:
                signal.getsignal(second)(second, None)
                try:
                    reactor.turn()
                except ReactorNotRunning as error:
                    self.fail(
                        f"Expected {second!r}, after {number!r}, to do nothing; ReactorNotRunning "
                        f"came: {error}"
                    )
