"""The builder of stage 7: what it makes of a contract, and what it says of tests that hang, or leak, or have no place."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workshop.course import load
from workshop.course.solutions import answer
from workshop.runner.pool import Pool
from workshop.runner.result import Result
from workshop.runner.worker import Case

ROOT = Path(__file__).resolve().parent.parent
STAGE = load(ROOT).stage("stage7_everywhere")
HEAD = """
import os, signal, sys, threading
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ClientFactory, Protocol, ServerFactory
from twisted.trial.unittest import SynchronousTestCase
from .everywhere import Somewhere, everywhere
from .sides import ClosingSide, Side

class Contract(Somewhere):
"""
SHORT = "    limit = 1.0\n"
"""For tests that reach the limit; all others have the stage's, since a busy machine is slow."""
TAIL = """

globals().update(everywhere(globals()))
"""
REACTORS = {
    "linux": ["select", "poll", "epoll", "asyncio", "simulated"],
    "darwin": ["select", "kqueue", "asyncio", "simulated"],
    "win32": ["select", "iocp", "asyncio", "simulated"],
}[sys.platform]
FAMILIES = ["TCP4", "TCP6", "UNIX", "TLS"]
PLACES = {f"Contract_{reactor}_{family}" for reactor in REACTORS for family in FAMILIES}
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Runs tests of a contract, and given files with other texts, in one place, in several, or everywhere (None)."""
    with Pool(STAGE, workers=1) as pool:

        def run(body: str, place: str | None = "Contract_select_TCP4", **files: str) -> Result:
            module = f"{STAGE.target}.test_contract"
            targets = [f"{module}.{name}" for name in place.split()] if place else [module]
            overlay = {f"{name}.py": text for name, text in files.items()}
            overlay["test_contract.py"] = HEAD + body + TAIL
            return next(pool.run([Case("", overlay, tuple(targets), stop=False)]))[1]

        yield run


def said(result: Result) -> list[tuple[str, str, str]]:
    """For each test its name, what became of it, and what was said of it."""
    return [
        (t.target.rpartition(".")[2], t.status, " / ".join(p.message for p in t.problems))
        for t in result.tests
    ]


def edited(name: str, find: str, replace: str) -> str:
    """A given file with one edit."""
    text = (STAGE.folder / f"{name}.py").read_text("utf-8")
    assert text.count(find) == 1
    return text.replace(find, replace)


TALK = """
    def test_talk(self):
        server, client = ClosingSide(), ClosingSide()
        self.run_between(server, client)
        self.assertEqual((server.data, client.data), (b"hello", b"hello"))
"""


def test_everywhere(run: Run) -> None:
    """A test runs once in each place that the platform has, and passes there."""
    result = run(TALK, None)
    assert result.passed, said(result)
    assert sorted(test.target.split(".")[-2] for test in result.tests) == sorted(PLACES)


LEFT = {
    "a call in": "        self.reactor.callLater(60, print)",
    "a call for when it runs: print": "        self.reactor.callWhenRunning(print)",
    "a port, still open: twisted.internet.tcp.Port": "        self.listen(ServerFactory())",
    "a thread: left": "        threading.Thread(target=threading.Event().wait, name='left', daemon=True).start()",
    "file descriptor": "        self.kept = os.pipe()",
}


@pytest.mark.parametrize("what", LEFT)
def test_leftovers(run: Run, what: str) -> None:
    """A test that leaves something behind fails, and the report names it; the one after it is not blamed."""
    if sys.platform == "win32" and what == "file descriptor":
        pytest.skip("Windows does not list them")
    result = run(f"    def test_a(self):\n{LEFT[what]}\n{TALK}")
    (a, talk) = said(result)
    assert a[1] == "failed"
    assert f"The test has left behind: {what}" in a[2]
    assert talk == ("test_talk", "passed", "")


HANGS = {
    "nobody stops it": "        self.listen(ServerFactory())\n        self.run_reactor()",
    "it never has stopped": "        self.reactor.addSystemEventTrigger('before', 'shutdown', Deferred)\n"
    "        self.reactor.callWhenRunning(self.reactor.stop)\n        self.run_reactor()",
    "it is run by hand": "        self.reactor.run()",
    "the sides answer each other again and again": """
        class Echo(Protocol):
            def connectionMade(protocol):
                protocol.transport.write(b"x")

            def dataReceived(protocol, data):
                protocol.transport.write(data)

        self.run_between(Echo(), Echo())""",
    "a call comes again and again": "        def again():\n            self.reactor.callLater(0, again)\n"
    "        again()\n        self.run_reactor()",
}


@pytest.mark.parametrize("how", HANGS)
@pytest.mark.parametrize("reactor", ["select", "asyncio", "simulated"])
def test_hang(run: Run, how: str, reactor: str) -> None:
    """However a test keeps its reactor running, that ends at the limit, and the test fails, with the reason."""
    # In virtual time, the shorter limit is no risk: it costs turns of the reactor, not seconds.
    limit = SHORT.replace("1.0", "0.3") if reactor == "simulated" else SHORT
    body = f"{limit}    def test_a(self):\n{HANGS[how]}\n{TALK}"
    result = run(body, f"Contract_{reactor}_TCP4")
    (a, talk) = said(result)
    assert a[1] == "failed"
    nothing_due = reactor == "simulated" and "again" not in how
    said_why = (
        "Nothing is due any more"
        if nothing_due
        else f"nothing had stopped it after {float(limit.split()[-1]):g} s"
    )
    assert said_why in a[2]
    assert len(result.tests[0].problems) == 1
    assert talk == ("test_talk", "passed", "")
    assert result.tests[0].seconds < 5


def test_hang_says_what_is_open(run: Run) -> None:
    """What was still in the reactor is reported: it is mostly the reason."""
    result = run(f"{SHORT}    def test_a(self):\n{HANGS['nobody stops it']}\n")
    assert said(result)[0][2].endswith("In it: a port, still open: twisted.internet.tcp.Port.")


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("Deferred", "    def test_a(self):\n        return Deferred()"),
        ("coroutine", "    async def test_a(self):\n        self.fail()"),
        ("generator", "    def test_a(self):\n        yield self.fail()"),
    ],
)
def test_nothing_waits(run: Run, what: str, body: str) -> None:
    """A test that returns something would pass, whatever becomes of that: it fails, and is reported as such; once."""
    (a,) = said(run(body))
    assert a[1] == "failed"
    assert (
        a[2] == f"The test returns a {what}, and nothing waits for that here: run_reactor() waits."
    )


def test_inherited_tests_return_nothing(run: Run) -> None:
    """So does one that a contract has from a class which is no contract."""
    (a,) = said(
        run(
            "    pass\nclass Own:\n    def test_a(self):\n        return 1\nclass C(Own, Contract): pass"
        )
    )
    assert "returns a int" in a[2], a


TWICE = """
    def test_a(self):
        self.reactor.callWhenRunning(self.reactor.stop)
        {}
        self.run_reactor()
"""


@pytest.mark.parametrize("first", ["self.run_reactor()", "self.reactor.run()"])
def test_runs_once(run: Run, first: str) -> None:
    """A second run of the reactor is refused in words, whoever began the first."""
    (a,) = said(run(TWICE.format(first)))
    assert a[1:] == (
        "failed",
        "A test may run its reactor once: do all of it in one run, or write two tests.",
    )


def test_connects_to_nothing(run: Run) -> None:
    """To connect before anything listens is refused in words."""
    (a,) = said(run("    def test_a(self):\n        self.connect(ClientFactory())\n"))
    assert a[1] == "failed"
    assert "listen first" in a[2]


WATCHED = """
    def test_a(self):
        class Producer:
            def resumeProducing(self): ...
            pauseProducing = stopProducing = resumeProducing

        class Unregistering(Side):
            def ready(side):
                readers = self.reactor.getReaders()
                self.assertIn(side.transport, readers)
                self.assertIn(side.transport, set(readers))
                self.assertEqual(sum(side.transport == one for one in readers), 1)
                side.transport.registerProducer(Producer(), True)

            def connectionLost(side, reason):
                super().connectionLost(reason)
                side.transport.unregisterProducer()
                self.assertNotIn(side.transport, self.reactor.getWriters())

        self.run_between(ClosingSide(), Unregistering())
"""


def test_transport_is_what_is_watched(run: Run) -> None:
    """As in Twisted's own tests, a transport can be looked for in what the reactor watches: there, or not any more."""
    result = run(WATCHED, " ".join(name for name in PLACES if "_iocp_" not in name))
    assert result.passed, said(result)


def test_watched_again(run: Run) -> None:
    """Twisted's own form of promise 10 sees a transport that is watched again."""
    mutant = next(one for one in STAGE.mutants if one.name == "watched_again")
    result = run(WATCHED, wrapped=edited("wrapped", mutant.find, mutant.replace))
    assert said(result)[0][1] == "failed"


def test_logged_error_ends_the_run(run: Run) -> None:
    """An error that is logged ends the run at once, and fails the test with what was raised, though nothing stops it."""
    result = run("""
    limit = 60
    def test_a(self):
        self.reactor.callLater(0, lambda: 1 / 0)
        self.run_reactor()
""")
    assert said(result)[0][1] == "failed"
    assert result.tests[0].problems[0].exception == "ZeroDivisionError"


def test_put_back(run: Run) -> None:
    """While a test runs, its reactor is that of the process; afterwards, that and the signal handlers are what they were."""
    result = run(
        """
    def test_a(self):
        from twisted.internet import reactor
        self.assertIs(reactor, self.reactor.inner)
        self.reactor.callWhenRunning(self.reactor.stop)
        self.reactor.run()
        self.assertIsNot(signal.getsignal(signal.SIGTERM), signal.SIG_DFL)

class After(SynchronousTestCase):
    def test_b(self):
        self.assertIs(signal.getsignal(signal.SIGTERM), signal.SIG_DFL)
        self.assertNotIn("twisted.internet.reactor", sys.modules)
""",
        "Contract_select_TCP4 Contract_asyncio_TCP4 After",
    )
    assert [status for _, status, _ in said(result)] == ["passed"] * 3, said(result)


def test_failing_setup_is_undone(run: Run) -> None:
    """A contract may have a setUp of its own, which has the reactor already; where it raises, nothing is left."""
    result = run(f"""
    def setUp(self):
        self.listen(ServerFactory())
        if self.id().endswith("test_a"):
            raise RuntimeError("half way")
        self.addCleanup(self.reactor.disconnectAll)
    def test_a(self):
        pass
    def test_b(self):
        pass
{TALK}""")
    (a, b, talk) = said(result)
    assert "half way" in a[2]
    assert (b[1], talk[1]) == ("passed", "passed"), (b, talk)


def test_missing_family(run: Run) -> None:
    """What the machine lacks is skipped, in each of its places, with the reason; the rest runs."""
    files = edited("families", 'one.bind(("::1", 0))', 'raise OSError("not today")')
    result = run(TALK, None, families=files)
    assert result.passed
    skipped = {test.target.split(".")[-2]: test for test in result.tests if test.status != "passed"}
    assert {name for name in skipped if not name.endswith("UNIX")} == {
        f"Contract_{name}_TCP6" for name in REACTORS
    }
    problem = skipped["Contract_select_TCP6"].problems[0]
    assert "no IPv6 on this machine: not today" in problem.message


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("asyncio", "twisted.internet.asyncioreactor"),
        # As for somebody who has copied exercises/ away, into an environment without the course.
        ("simulated", "twisted.plugins.simulated_reactor"),
    ],
)
def test_missing_reactor(run: Run, name: str, module: str) -> None:
    """So is a reactor that cannot be imported."""
    result = run(TALK, None, fresh=edited("fresh", f'"{module}"', '"twisted.plugins.nonesuch"'))
    assert result.passed
    skipped = [test for test in result.tests if test.status == "skipped"]
    assert [test.target.split("_")[-3] for test in skipped] == [name] * len(FAMILIES)
    for test in skipped:
        assert (
            f"no {name} reactor here: No module named 'twisted.plugins." in test.problems[0].message
        )


ONE_PIECE = """
    def test_whole(self):
        pieces = []

        class Reader(ClosingSide):
            def dataReceived(side, data):
                pieces.append(data)
                super().dataReceived(data)

        self.run_between(Reader(), Side())
        self.assertEqual(pieces, [b"hello"])
"""


@pytest.mark.parametrize("reactor", [None, "simulated"])
def test_weather(monkeypatch: pytest.MonkeyPatch, reactor: str | None) -> None:
    """A simulated place is calm, except with trial --reactor=simulated: then it has the weather that the user asked for."""
    monkeypatch.setenv("SIMULATED_WEATHER", "windy")
    # In this history, the server's first read returns a part of what the client has sent.
    monkeypatch.setenv("SIMULATED_SEED", "1")
    places = ("Contract_select_TCP4", "Contract_simulated_TCP4")
    targets = tuple(f"{STAGE.target}.test_contract.{place}.test_whole" for place in places)
    with Pool(STAGE, workers=1, reactor=reactor) as pool:
        code = {"test_contract.py": HEAD + ONE_PIECE + TAIL}
        result = next(pool.run([Case("", code, targets, stop=False)]))[1]
    expected = ["passed", "failed" if reactor else "passed"]
    assert [test.status for test in result.tests] == expected, said(result)


@pytest.mark.parametrize("seed", range(3))
def test_reference_in_wind(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """The reference contract holds in windy weather. 200 histories were run by hand; these keep it so."""
    monkeypatch.setenv("SIMULATED_WEATHER", "windy")
    monkeypatch.setenv("SIMULATED_SEED", str(seed))
    targets = tuple(f"{STAGE.target}.test_contract.Contract_simulated_{f}" for f in FAMILIES)
    with Pool(STAGE, workers=1, reactor="simulated") as pool:
        result = next(pool.run([Case("", answer(STAGE), targets, stop=False)]))[1]
    assert result.passed, said(result)
    assert len(result.tests) == 13 * len(FAMILIES)


def test_same_name_twice(run: Run) -> None:
    """Two classes with a test of one name are refused: one of the two would never run."""
    result = run(f"{TALK}\nclass Other(Somewhere):{TALK}", None)
    assert "test_talk stands in 2 classes" in said(result)[0][2]


def test_several_classes(run: Run) -> None:
    """The tests of all classes are in each case; one that derives from another counts once."""
    result = run(f"{TALK}\nclass Other(Contract):\n    def test_b(self):\n        pass\n", None)
    assert len(result.tests) == 2 * len(PLACES)
    assert result.passed, [one for one in result.tests if one.status != "pass"]
