"""Plain trial on the simulated network, from another folder: what passes, what is reported, and how to see it again."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BOUND = 100
TESTS = '''
import threading
import time
from twisted.internet import defer, protocol, task, threads
from twisted.internet.endpoints import HostnameEndpoint
from twisted.trial.unittest import SynchronousTestCase, TestCase

class Echo(protocol.Protocol):
    def dataReceived(self, data):
        self.transport.write(data)

class Asks(protocol.Protocol):
    def __init__(self):
        self.first, self.over = defer.Deferred(), defer.Deferred()
    def connectionMade(self):
        self.transport.write(b"hello")
    def dataReceived(self, data):
        if not self.first.called:
            self.first.callback(data)
    def connectionLost(self, reason):
        self.over.callback(None)

class Passes(TestCase):
    async def test_long(self):
        from twisted.internet import reactor
        began = time.monotonic()
        await task.deferLater(reactor, 100)
        assert time.monotonic() - began < 50

    async def test_talk(self):
        from twisted.internet import reactor
        port = reactor.listenTCP(0, protocol.ServerFactory.forProtocol(Echo), interface="127.0.0.1")
        client = await HostnameEndpoint(reactor, "localhost", port.getHost().port).connect(
            protocol.ClientFactory.forProtocol(Asks))
        await client.first
        client.transport.loseConnection()
        await client.over
        await port.stopListening()

    async def test_thread(self):
        self.assertEqual(await threads.deferToThread(lambda: 7), 7)

class Assumes(TestCase):
    """Assumes that what was sent at once arrives at once."""
    weather = "windy"
    async def test_whole(self):
        from twisted.internet import reactor
        port = reactor.listenTCP(0, protocol.ServerFactory.forProtocol(Echo), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        client = await HostnameEndpoint(reactor, "localhost", port.getHost().port).connect(
            protocol.ClientFactory.forProtocol(Asks))
        self.addCleanup(lambda: client.over)
        self.addCleanup(client.transport.abortConnection)
        self.assertEqual(await client.first, b"hello")

class Waits(TestCase):
    async def test_awaits(self):
        from twisted.internet import reactor
        port = reactor.listenTCP(0, protocol.ServerFactory.forProtocol(Echo), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        client = await HostnameEndpoint(reactor, "localhost", port.getHost().port).connect(
            protocol.ClientFactory.forProtocol(Asks))
        self.addCleanup(lambda: client.over)
        self.addCleanup(client.transport.abortConnection)
        client.transport.pauseProducing()
        await client.first  # here
    @defer.inlineCallbacks
    def test_yields(self):
        yield defer.Deferred()  # there
    def test_returns(self):
        return defer.Deferred()
    def test_chains(self):
        return defer.succeed(1).addCallback(lambda _: defer.Deferred())
    def setUp(self):
        if self._testMethodName == "test_setup":
            return defer.Deferred()
    def test_setup(self):
        pass
    def test_cleanup(self):
        self.addCleanup(defer.Deferred)
    def test_expected(self):
        return defer.Deferred()
    test_expected.todo = "never fires"

class Threads(TestCase):
    def test_real(self):
        wake = threading.Event()
        thread = threading.Thread(target=wake.wait, args=(30,), name="works-for-real")
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(wake.set)
        return defer.Deferred()

class Never(TestCase):
    def test_loops(self):
        from twisted.internet import reactor
        from workshop.simulated import reactor as module
        self.patch(module, "MOST_TURNS", 3000)
        def again():
            self.call = reactor.callLater(0, again)
        again()
        self.addCleanup(lambda: self.call.cancel())
        return defer.Deferred()

class Runs(SynchronousTestCase):
    def test_run(self):
        from twisted.internet import reactor
        reactor.run()
    def test_run_and_stop(self):
        from twisted.internet import reactor
        reactor.callLater(1, reactor.crash)
        reactor.run()
class RunsTwice(TestCase):
    async def test_run(self):
        from twisted.internet import reactor
        await task.deferLater(reactor, 1)
        reactor.run()

class Weathers(TestCase):
    def test_none(self):
        pass
    test_none.weather = "rain"
    def test_own(self):
        pass
    def weather(self):
        """A helper that happens to have this name."""
class Lacks(TestCase):
    def test_datagrams(self):
        from twisted.internet import reactor
        reactor.listenUDP(0, protocol.DatagramProtocol())
    def test_processes(self):
        from twisted.internet import reactor
        reactor.spawnProcess(protocol.ProcessProtocol(), "true")
    def test_blocking(self):
        from twisted.internet import reactor
        return threads.deferToThread(threads.blockingCallFromThread, reactor, lambda: 1)
    def test_names(self):
        from twisted.internet import reactor
        return reactor.resolve("example.org")
'''


class Trial:
    """Runs trial in a folder of its own, which has the tests above as the module sample."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "sample.py").write_text(TESTS)
        self.line = {
            mark: 1 + next(n for n, line in enumerate(TESTS.splitlines()) if f"# {mark}" in line)
            for mark in ("here", "there")
        }

    def __call__(self, *names: str, **settings: str) -> str:
        """What trial prints for some of the tests."""
        env = {
            name: value for name, value in os.environ.items() if not name.startswith("SIMULATED")
        }
        # The folder is on the path as for a learner who starts trial; ours is there since it is installed.
        words = [sys.executable, "-m", "twisted.trial", "--reactor=simulated"]
        done = subprocess.run(
            [*words, *(f"sample.{name}" for name in names)],
            cwd=self.folder,
            env=env | {"PYTHONPATH": str(self.folder)} | settings,
            capture_output=True,
            text=True,
            timeout=BOUND,
        )
        return done.stdout + done.stderr


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    """Plain trial, from a folder that is not ours."""
    return Trial(tmp_path)


def test_it_is_one_of_trials_reactors(trial: Trial) -> None:
    """From any folder in this environment, without anything set; a wait costs nothing."""
    assert "PASSED (successes=3)" in trial("Passes")


def test_weather_for_tests_that_name_none(trial: Trial) -> None:
    """The environment has it; a seed that is drawn is printed, and differs from run to run."""
    said = [trial("Assumes") for _ in range(2)]
    failed = [one for one in said if "FAILED" in one]
    seeds = [re.findall(r"SIMULATED_SEED=(\d+) ", one) for one in failed]
    assert all(seeds), said
    assert len({str(one) for one in seeds}) == len(failed)


def test_a_failure_has_its_history_and_the_command_that_repeats_it(trial: Trial) -> None:
    """The command that is printed fails again, with the same decisions and words; so it does among other tests."""
    for seed in range(30):
        said = trial("Assumes", SIMULATED_SEED=str(seed))
        if "FAILED" in said:
            break
    note = re.search(r"Simulated network, windy, seed.*?\n\n", said, re.S)
    assert note, said
    assert re.search(r"a read returns only \d+ of 1\.(server|client)'s bytes", note[0]), note[0]
    command = re.search(r"SIMULATED_\S+ SIMULATED_WEATHER=windy trial (\S+) sample\.(\S+)", note[0])
    assert command and command[2] == "Assumes.test_whole", note[0]
    settings = dict(re.findall(r"(SIMULATED_\w+)=(\S+)", command[0]))
    assert note[0] in trial(command[2], **settings)
    assert note[0] in trial("Passes", command[2], **settings), "Not the same after other tests."


def test_a_decision_can_be_put_back(trial: Trial) -> None:
    """With all cuts of a failing history put back, the test passes; so the cuts are why."""
    for seed in range(30):
        said = trial("Assumes", SIMULATED_SEED=str(seed))
        if "FAILED" in said:
            break
    back = ",".join(
        f"cut/1.{who}/{number}" for who in ("client", "server") for number in range(1, 41)
    )
    assert "PASSED" in trial("Assumes", SIMULATED_SEED=str(seed), SIMULATED_PUT_BACK=back)


def test_who_waits_and_what_is_open(trial: Trial) -> None:
    """Nothing is due, and a test waits: it fails at once, with the line that waits, and each open connection."""
    said = trial("Waits.test_awaits")
    for words in (
        "Nothing is due any more, and sample.Waits.test_awaits still waits.",
        f"test_awaits waits at sample.py, line {trial.line['here']}",
        "port 32768 listens",
        "1.client (Asks) is open: 5 bytes not read, it does not read (paused?)",
        "1.server (Echo) is open",
    ):
        assert words in said, said
    assert "still running at" not in said


def test_what_an_earlier_test_left_is_not_named(trial: Trial) -> None:
    """A coroutine of an earlier test, which waits for ever, is not named as what a later one waits for."""
    _, _, later = trial("Waits.test_awaits", "Waits.test_returns").partition(
        "test_returns still waits"
    )
    assert "a Deferred that it returned never fires" in later, later


@pytest.mark.parametrize("name", ["yields", "returns", "chains", "setup", "cleanup"])
def test_however_a_test_waits(trial: Trial, name: str) -> None:
    """A test, its setUp or a cleanup waits on a Deferred, by whatever means: it is reported, and only it."""
    said = trial(f"Waits.test_{name}", "Waits.test_expected")
    assert f"sample.Waits.test_{name} still waits." in said, said
    assert "FAILED (expectedFailures=1, errors=1" in said, said
    if name == "yields":
        assert f"line {trial.line['there']}" in said


def test_real_threads_are_named(trial: Trial) -> None:
    """A test that waits for a thread of its own fails at once; the thread is named as a possible reason."""
    assert "for which the simulation does not wait: works-for-real" in trial("Threads")


def test_one_that_never_ends(trial: Trial) -> None:
    """A test whose calls repeat themselves without any delay fails, and its cleanups run."""
    said = trial("Never")
    assert "Does a call repeat itself without any delay?" in said, said
    assert "FAILED (errors=1)" in said, said


def test_calls_of_run(trial: Trial) -> None:
    """If a test calls reactor.run(), the error says what to do instead, unless the test ends that run."""
    for names in (["Runs.test_run"], ["RunsTwice"]):
        said = trial(*names)
        assert "trial runs the reactor: return a Deferred, or await it" in said, said
    assert "PASSED" in trial("Runs.test_run_and_stop")


def test_an_unknown_weather(trial: Trial) -> None:
    """The test fails, and says which there are. A method with that name does not count."""
    said = trial("Weathers")
    assert "sample.Weathers.test_none: weather='rain' is unknown: use calm, windy or storm" in said
    assert "successes=1" in said


@pytest.mark.parametrize(
    "setting", [{"SIMULATED_SEED": "x"}, {"SIMULATED_WEATHER": "rain"}, {"SIMULATED_PUT_BACK": "x"}]
)
def test_a_wrong_setting(trial: Trial, setting: dict[str, str]) -> None:
    """One line, without a traceback, that names the setting."""
    said = trial("Passes", **setting)
    assert next(iter(setting)) in said and "Traceback" not in said, said


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("datagrams", "reactor.listenUDP"),
        ("processes", "reactor.spawnProcess"),
        ("blocking", "thread that blocks (blockingCallFromThread)"),
        ("names", "example.org"),
    ],
)
def test_what_is_lacking_is_named(trial: Trial, name: str, what: str) -> None:
    """The error names it; what is not simulated says to use a real reactor."""
    said = trial(f"Lacks.test_{name}")
    assert what in said, said
    assert name == "names" or "trial without --reactor=simulated" in said
