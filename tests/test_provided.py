"""What provided tests see, and what they say, of a few answers that are nearly right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workshop.course import Stage, load
from workshop.course.solutions import answer, mutated
from workshop.judge.steps import Verdict, by_step, targets
from workshop.report.explain import failure_text
from workshop.runner.worker import Case, Worker, imports_of

COURSE = load(Path(__file__).resolve().parent.parent)


def judged(stage: Stage, files: dict[str, str], number: int, stop: bool = True) -> Verdict:
    """The verdict on these files, of the steps up to this number."""
    steps = [step for step in stage.steps if step.number <= number]
    with Worker(imports_of(stage), 10) as worker:
        result = worker.run(stage, Case("", files, tuple(targets(stage, steps)), stop=stop))
    return by_step(stage, result, steps)


@pytest.mark.parametrize(
    ("stage", "step", "file", "old", "new", "says"),
    [
        (
            "stage2_poetry",
            6,
            "client.py",
            "lambda protocol: protocol.poem",
            "lambda protocol: None",
            r"no result while the poem is still coming; got None\. Is a return missing in a callback or an errback\?",
        ),
        (
            "stage2_poetry",
            7,
            "client.py",
            "Failure(CancelledError()) if reason",
            "None if reason",
            r"cancelled while connecting; got None\. Is a return missing in a callback or an errback\?",
        ),
        (
            "stage2_poetry",
            8,
            "client.py",
            "poem.addTimeout(timeout, clock)",
            'poem.addTimeout(timeout, __import__("twisted.internet.reactor").internet.reactor)',
            r"\nAnd: the call of Deferred\.addTimeout is on the real reactor's clock, not on the",
        ),
        (
            "stage3_http",
            4,
            "parser.py",
            "Request(method, target, parse_fields(lines[1:]), version=version)",
            "Request(method, target[:5], parse_fields(lines[1:]), version=version)",
            r"Expected the request's target to be b'/poem\?line=2', from b'GET.*; got b'/poem'\.$",
        ),
        (
            "stage3_http",
            4,
            "parser.py",
            "Request(method, target, parse_fields(lines[1:]), version=version)",
            "Request(method, target, parse_fields(lines[1:]), version=nothing)",
            r"it raised NameError: name 'nothing' is not defined \(parser\.py, line \d+\)$",
        ),
        (
            "stage3_http",
            5,
            "parser.py",
            "self._scanned = max(0, len(self._buffer) - 2)",
            "self._scanned, self._buffer[:1] = max(0, len(self._buffer) - 2), b'X'",
            r"Expected the request's method to be b'GET', from the chunks \[.*; got b'XET'\.$",
        ),
        (
            "stage3b_framing",
            3,
            "parser.py",
            "self._check_limits(len(self._buffer) - 1)",
            "self._check_limits(len(self._buffer))",
            r"Expected 200 for .*, in two chunks, of \d+ and \d+ bytes; got",
        ),
    ],
)
def test_messages(stage: str, step: int, file: str, old: str, new: str, says: str) -> None:
    """The message shows what differs, and asks the question that leads to the mistake."""
    there = COURSE.stage(stage)
    files = answer(there)
    assert files[file].count(old) == 1, old
    verdict = judged(there, {**files, file: files[file].replace(old, new)}, step)
    first = verdict.first_failure
    assert first and first.step and first.step.number == step, verdict
    text = failure_text(first.failed[0])
    assert re.search(says, text), text
    assert "Request(" not in text, text


def test_what_only_tcp_shows() -> None:
    """A server that never reads passes every test of stage 2 with fakes, and fails the one over TCP that is about it."""
    stage = COURSE.stage("stage2_poetry")
    mutant = next(one for one in stage.mutants if one.name == "never_reads")
    verdict = judged(stage, mutated(stage, mutant), 12, stop=False)
    failed = [test.target.rpartition(".")[2] for step in verdict.steps for test in step.failed]
    assert failed == ["test_client_leaves"], verdict


def test_what_a_fake_accepts() -> None:
    """Stage 3's server in frugal.py, which step 15 is about, passes all tests of the steps before."""
    stage = COURSE.stage("stage3_http")
    files = answer(stage)
    frugal = (stage.folder / "frugal.py").read_text("utf-8").partition("import HTTPProtocol\n")[2]
    files["server.py"] += f"\n\n{frugal}\n\nHTTPProtocol = FrugalProtocol\n"
    assert "writeSequence([bytearray" in frugal
    verdict = judged(stage, files, 14, stop=False)
    assert verdict.passed, verdict


def test_a_syntax_error_is_not_about_the_machine() -> None:
    """In stage 0, too, the checks of the machine are not blamed for tests of the learner's that are not Python."""
    stage = COURSE.stage("stage0_setup")
    files = {**answer(stage), "test_yours.py": "def f(:\n"}
    assert judged(stage, files, 0).passed
    failed = judged(stage, files, 2).first_failure
    assert failed and "test_yours.py, line 1, is not Python" in failure_text(failed.failed[0])
