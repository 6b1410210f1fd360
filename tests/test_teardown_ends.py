"""What a learner's wrong teardown does in stage4_disconnect: it ends in seconds, says what never came, leaves no port.

Each is the solution with a mistake in it. It is run as the tool runs a learner's files, on real sockets where the step has
them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from driving import MARK, Learner, until

from workshop.course import Step, load
from workshop.course.solutions import answer
from workshop.judge.steps import Verdict, by_step, targets
from workshop.report.explain import main_problem, words
from workshop.runner.pool import Pool
from workshop.runner.worker import Case, Worker

STAGE = load(Path(__file__).resolve().parent.parent).stage("stage4_disconnect")
SOLVED = answer(STAGE)
INNER = (STAGE.folder / "inner.py").read_text("utf-8")

SECONDS = 60
"""What a run may take at most, on a machine with much else to do; else 15. trial's own timeout is 120 s, for each test."""

# Added to inner.py: after each test that runs inner tests, this process listens nowhere. As the system sees it: a port that
# the reactor has forgotten may listen still.
PROBE = '''

import os

from twisted.python.failure import Failure


def listening():
    """The numbers of the TCP ports, and the paths of the UNIX sockets, at which this process listens."""
    mine, found = set(), []
    for number in os.listdir("/proc/self/fd"):
        try:
            mine.add(os.readlink(f"/proc/self/fd/{number}"))
        except OSError:
            pass  # the one that listed them
    for name in ("tcp", "tcp6"):
        with open(f"/proc/self/net/{name}") as lines:
            for line in list(lines)[1:]:
                fields = line.split()
                if fields[3] == "0A" and f"socket:[{fields[9]}]" in mine:
                    found.append(int(fields[1].rpartition(":")[2], 16))
    with open("/proc/self/net/unix") as lines:
        for line in list(lines)[1:]:
            fields = line.split()
            if int(fields[3], 16) & 0x10000 and f"socket:[{fields[6]}]" in mine:
                found.append(fields[-1])
    return found


class Outer(Outer):
    def run(self, result):
        super().run(result)
        if ports := listening():
            result.addError(self, Failure(AssertionError(f"STILL LISTENING: {ports}")))
'''
STILL = "STILL LISTENING"
CLOSES = "one.socket.close()"
AT_ONCE = 4
"""Runs at the same time."""
UNFINISHED = [0, 11, 12]
LEFT_OPEN = ["stopListening is forgotten", "the mixin forgets the ports"]
on_linux = sys.platform == "linux"


@dataclass(frozen=True)
class Wrong:
    """A mistake: the file, what in it is replaced by what, the steps that are run, what the first failure says (a pattern).

    test: the only test that is run, where that is enough. Of a step that waits for ever, all tests take some 15 seconds.
    """

    file: str
    edits: dict[str, str]
    steps: tuple[int, ...]
    says: str
    test: str = ""

    def overlay(self) -> dict[str, str]:
        """The learner's files."""
        text = SOLVED[self.file]
        for find, replace in self.edits.items():
            assert text.count(find) == 1, f"{find!r} stands {text.count(find)} times in {self.file}"
            text = text.replace(find, replace)
        return {**SOLVED, self.file: text}


def teardown(
    edits: dict[str, str], says: str, steps: tuple[int, ...] = (11, 12), test: str = ""
) -> Wrong:
    return Wrong("teardown.py", edits, steps, says, test)


def fixture(edits: dict[str, str], says: str, test: str = "") -> Wrong:
    return Wrong("fixture.py", edits, (11, 12), says, test)


def tidy(edits: dict[str, str], says: str) -> Wrong:
    return Wrong("tidy.py", edits, (13, 14, 15, 16, 17), says)


BEGIN = "    sides = list(sides)\n"
STOP = 'ends.append(("the port", stopped(port)))'
STOPPED = "return maybeDeferred(port.stopListening).addCallback(lambda _: None)"
OVER = 'after(protocol, "connectionLost", lambda: ended.callback(None))'
CLOSE = "                side.close()\n"
WAITING = "    waiting = all_of(end for _, end in ends)\n"
ABORTING = "    aborting = clock.callLater(grace, abort)\n"
LIMIT = "    done: Deferred[None] = Deferred()\n"
NO_LIMIT = {LIMIT: f"    return waiting\n{LIMIT}"}
DONE = "lambda result: None if done.called else done.callback(result)"
SIDE = "Side(name, over(protocol),"
CLEANUP = "        self.addCleanup(self.end)\n"
LISTEN = '        self.port = reactor.listenTCP(0, factory, interface="127.0.0.1")\n'
END = "        ports, opened, raised ="
ENDS = "        waiting: Any = DeferredList("
LIMITED = "        giving_up = within(limit, Deferred())\n"
RAISES = "raise RuntimeError('in the teardown')\n"

WAITS = r"it reported (OSError: .*; )?TimeoutError: its cleanup function _?end still waits after [\d.]+ s; "
NOT_OVER = r"NotOver: [\d.]+ s after the teardown began, not over: "
LEFT = "left in the reactor: "

WRONG = {
    # Teardowns that wait for ever.
    "does nothing, and never fires": teardown(
        {BEGIN: "    return Deferred()\n"}, WAITS + LEFT + r"the port\.$"
    ),
    "ends all, and never fires": teardown(
        {DONE: "lambda result: None"}, WAITS + "nothing is left in the reactor"
    ),
    "ignores the limit, and never hears that the port has stopped": teardown(
        {STOPPED: "return Deferred()", **NO_LIMIT}, WAITS + LEFT + r"the port\.$"
    ),
    "ignores the limit, and ends no side": teardown(
        {CLOSE: "                pass\n", ABORTING: f"    return waiting\n{ABORTING}"},
        WAITS + LEFT + r"the client, the server\.$",
    ),
    "ignores the limit, and never hears that a side is over": teardown(
        {OVER: "pass", **NO_LIMIT},
        WAITS + "nothing is left in the reactor",
        (12,),
        "test_connected",
    ),
    "ignores the limit, on fakes": teardown(
        NO_LIMIT, r"Expected NotOver after 3 s, with the port still open; got", (10,)
    ),
    "never fires, on fakes": teardown(
        {BEGIN: "    return Deferred()\n"}, r"port\.stopListening\(\) before .* got 0", (8,)
    ),
    "waits for an end of the port that never comes": teardown(
        {STOPPED: "return Deferred()"}, NOT_OVER + "the port; " + LEFT + r"the port\.$"
    ),
    "waits for an end of the client that never comes": teardown(
        {SIDE: "Side(name, Deferred() if 'client' in name else over(protocol),"},
        NOT_OVER + r"the client\.$",
        (12,),
        "test_connected",
    ),
    "waits for an end of the server that never comes": teardown(
        {SIDE: "Side(name, Deferred() if 'server' in name else over(protocol),"},
        NOT_OVER + r"the server\.$",
    ),
    "a setUp that waits for ever": fixture(
        {
            "self.server = await server": "from twisted.internet.defer import Deferred; await Deferred()"
        },
        r"TimeoutError: its setUp still waits after [\d.]+ s",
        "test_connected",
    ),
    "the mixin's _end waits for ever": tidy(
        {END: f"        yield Deferred()\n{END}"}, WAITS + "nothing is left in the reactor"
    ),
    "the mixin never hears that a connection is over": tidy(
        {"            over.called or over.callback(None)": "            pass"},
        r"AssertionError: not over [\d.]+ s after the test: <.*Client.*>\)\.$",
    ),
    "the mixin ignores the limit": tidy(
        {LIMITED: "        giving_up = waiting\n"},
        r"that of the limit, [\d.]+ s, .*TimeoutError: its cleanup function _end still waits",
    ),
    # Teardowns that raise.
    "raises at once": teardown(
        {BEGIN: f"    {RAISES}"}, r"RuntimeError: in the teardown; left in the reactor: the port\.$"
    ),
    "raises before it waits": teardown(
        {WAITING: f"    {RAISES}"}, r"RuntimeError: in the teardown[.;]"
    ),
    "the mixin's _end raises at once": tidy(
        {END: f"        {RAISES}{END}"}, "RuntimeError: in the teardown"
    ),
    "the mixin's _end raises before it waits": tidy(
        {ENDS: f"        {RAISES}{ENDS}"}, "RuntimeError: in the teardown"
    ),
    # Teardowns that forget the port.
    "stopListening is forgotten": teardown({STOP: "pass"}, LEFT + r"the port\.$"),
    "addCleanup is forgotten": fixture({CLEANUP: ""}, LEFT + r"the port\.$"),
    "tearDown, where setUp may fail halfway": fixture(
        {
            CLEANUP: "",
            "    def end(self)": "    def tearDown(self):\n        return self.end()\n\n    def end(self)",
        },
        LEFT + r"the port\.$",
    ),
    "a second port": fixture({LISTEN: LISTEN + LISTEN}, LEFT + r"the port\.$"),
    "the mixin forgets the ports": tidy(
        {'self._ports.append(_once(port, "stopListening")) or port': "port"}, LEFT + r"3 ports\.$"
    ),
}


def case(
    name: str, overlay: dict[str, str], steps: tuple[int, ...], stop: bool, test: str = ""
) -> tuple[Case, list[Step]]:
    """Return a run of these steps, or of that test of the last of them, and the steps."""
    asked = [STAGE.step(str(number)) for number in steps]
    names = [f"{targets(STAGE, asked)[-1]}.{test}"] if test else targets(STAGE, asked)
    files = {"inner.py": INNER + PROBE * on_linux, **overlay}
    return Case(name, files, tuple(names), stop), asked


def all_cases() -> Iterator[tuple[Case, list[Step]]]:
    """Yield all runs of this module."""
    for name, wrong in WRONG.items():
        yield case(name, wrong.overlay(), wrong.steps, True, wrong.test)
    for solved in UNFINISHED:
        steps = tuple(s.number for s in STAGE.steps if not s.given and s.number > 10)
        yield case(f"solved to {solved}", answer(STAGE, solved), steps, False)
    for name in LEFT_OPEN if on_linux else ():
        assert INNER.count(CLOSES) == 1
        files = {**WRONG[name].overlay(), "inner.py": INNER.replace(CLOSES, "pass") + PROBE}
        yield case(f"{name}, and left open", files, WRONG[name].steps[:1], True)


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """All runs, by name, several at a time, since most of them wait. When their workers are closed, nothing lives on.

    Each must be over in seconds, by itself. The tool ends a test after 10 s, and cannot say then what never came: that would
    be its trouble.
    """
    place, found = tmp_path_factory.mktemp("place"), {}
    asked = {case.name: (case, steps) for case, steps in all_cases()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(MARK, str(place))
        patch.setattr("workshop.runner.pool.Worker", Worker)  # not one that is kept
        with Pool(STAGE, workers=AT_ONCE) as pool:
            for case, result in pool.run([case for case, _ in asked.values()]):
                assert result.trouble is None, (case.name, result.trouble)
                assert result.seconds < SECONDS, f"{case.name}: it took {result.seconds:.1f} s."
                found[case.name] = by_step(STAGE, result, asked[case.name][1])
    until(lambda: not Learner(place, place).processes(), 3, "a process was left behind")
    return found


def still_listening(verdict: Verdict) -> dict[str, str]:
    """The tests after which the process still listened."""
    return {
        test.target: problem.message
        for test in verdict.result.tests
        for problem in test.problems
        if problem.message.startswith(STILL)
    }


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_teardown(verdicts: dict[str, Verdict], name: str) -> None:
    """It ends in seconds; the learner reads what is missing, in plain words; no test leaves a port that listens."""
    verdict = verdicts[name]
    assert not still_listening(verdict)
    assert verdict.first_failure, "it passes"
    message = words(main_problem(verdict.first_failure.failed[0].problems))
    assert re.search(WRONG[name].says, message), message
    for test in verdict.first_failure.failed:
        said = words(main_problem(test.problems))
        # trial's own words for what is left and what waits; but where trial itself was started, they are passed on.
        ours = said.partition("trial says:")[0]
        # (Twisted's own name of a client's transport begins with "<<class".)
        assert not re.search(r"still running at|(?<!<)<class", ours), said


@pytest.mark.parametrize("solved", UNFINISHED)
def test_an_unfinished_stage(verdicts: dict[str, Verdict], solved: int) -> None:
    """Nor does a stage that is not written to its end leave a port, whichever of its tests are run."""
    verdict = verdicts[f"solved to {solved}"]
    assert not still_listening(verdict)
    asked = [s for s in STAGE.steps if not s.given and s.number > 10]
    assert len(verdict.result.tests) >= sum(len(step.tests) for step in asked)


@pytest.mark.skipif(not on_linux, reason="needs /proc")
@pytest.mark.parametrize("name", LEFT_OPEN)
def test_a_port_that_is_left_would_be_seen(verdicts: dict[str, Verdict], name: str) -> None:
    """It is inner.py that closes what is left: without that, the process listens until it ends, and this is noticed."""
    assert still_listening(verdicts[f"{name}, and left open"])
