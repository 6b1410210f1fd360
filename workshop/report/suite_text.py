"""The verdict on tests that a learner wrote, in words and as data: the findings, in the order in which to fix them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from workshop.course import Kind
from workshop.judge.findings import Assessment, Slow, Wrong
from workshop.judge.programs import own_code
from workshop.report.explain import WAITING, besides, failure_text, trouble
from workshop.runner.result import Frame, TestResult, Trouble

T = TypeVar("T")

# Python's messages for a name that a module of the course lacks.
LACKS = (
    re.compile(r"cannot import name '(?P<name>\w+)' from '(?P<module>exercises\.[\w.]+)'"),
    re.compile(r"module '(?P<module>exercises\.[\w.]+)' has no attribute '(?P<name>\w+)'"),
)
# How many findings of a kind are shown at once: fixing these shows the next.
FEW = 3


def short(test: str) -> str:
    """Return a test's class and name."""
    return ".".join(test.split(".")[-2:])


def alike(found: Iterable[T], key: Callable[[T], object]) -> list[list[T]]:
    """Group the findings that have the same key, in the order of the first of each group."""
    groups: dict[object, list[T]] = {}
    for one in found:
        groups.setdefault(key(one), []).append(one)
    return list(groups.values())


def in_test(target: str, frames: Iterable[Frame]) -> str:
    """Return the line of the test itself, not of what it calls; "" if there is none.

    It is taken from the first frame in a function of the test's name; or else, as when a protocol defined within the test
    has failed, from the last frame in the test's file.
    """
    case, _, name = target.rpartition(".")
    file = f"{case.rpartition('.')[0].replace('.', '/')}.py"
    frames = list(frames)
    own = [one for one in frames if one.function == name][:1]
    own = own or [one for one in frames if one.file == file][-1:]
    return f"{own[0].file}, line {own[0].line}" if own else ""


def describe_fault(one: Trouble, limit: float) -> str:
    """Describe what an unruly test did, as a sentence without its subject."""
    what = ", ".join(map(short, one.what[:FEW]))
    where = in_test(one.test, one.waits or one.frames)
    logged = "".join(f". {line.rstrip('.')}" for line in besides(one.besides))
    faults = {
        "races": "passes on some runs and fails on others: it depends on the order in which things happen"
        + (f" ({where})" if where else ""),
        "disturbs": f"leaves something behind that changes the results of others: {what}",
        "alone": "has another result if other tests ran before it",
        "needs": f"passes only after {what}: each test must set up what it needs",
        "silent": f"did not end in {limit:g} s{f' ({where})' if where else ''}{logged}",
        "output": "prints more than 1 MiB",
        "recursion": "calls itself again and again",
        "died": "ends the whole process",
        "stopped": "stops the reactor, which is trial's to stop",
        "ran": f"runs the reactor itself, which is trial's to run{f' ({where})' if where else ''}",
        "exit": "calls sys.exit",
        "thread": "leaves a thread running",
        "process": "leaves a process running",
        "patched": "replaces, and does not restore: " + ", ".join(one.what[:FEW]),
        "files": "writes outside its folder: " + ", ".join(one.what[:FEW]),
        "calls": "leaves a call in the real reactor: " + ", ".join(one.what[:FEW]),
        "forgets": "leaves a failed Deferred without an errback; another test gets the blame when Python collects"
        f" it ({'; '.join(one.what[:1])})",
        "sockets": "leaves open: " + ", ".join(one.what[:FEW]),
    }
    return faults.get(one.kind, f"leaves {one.kind.replace('closed ', '')} closed")


ADVICE = {
    "disturbs": "Undo with self.addCleanup() or self.patch() what the test changes.",
    "alone": "Make what it uses in setUp, not once for all tests.",
    "races": "Wait for the event whose effect it checks; or check just before the event, and just after.",
    "silent": "A loop that never ends? time.sleep? A lock, or a thread, that it waits for?",
    "ran": "Return a Deferred from the test, or await it: trial waits for it, and the reactor runs.",
    "waiting": "A Deferred that never fires, though a Clock would do?",
    "patched": "self.patch() restores what it replaces.",
    "files": "self.mktemp() returns a path in trial's own folder.",
    "sockets": "Close it with self.addCleanup().",
    "forgets": "Return it, await it, or take its failure with self.failureResultOf().",
    "calls": "Pass a Clock to the code, or cancel the call.",
}


def advice(one: Trouble) -> str:
    """Say what to do about an unruly test; "" if that is plain."""
    frames = one.frames
    waiting = one.kind == "silent" and frames and WAITING.search(frames[-1].file)
    return ADVICE.get("waiting" if waiting else one.kind, "")


def steady_failure_text(test: TestResult) -> str:
    """Describe a failed test in words, with what was logged or raised besides."""
    if not test.problems:
        return "It does not end."
    text = failure_text(test, mine=True)
    # Memory addresses differ each time.
    return re.sub(r" (?:at )?0x[0-9a-f]{6,}", "", text)


def rows(found: Assessment) -> list[tuple[str, str, bool]]:
    """Return a line for each part of the verdict: the question, the answer, and whether it is good."""
    own, kinds = len(found.own), len(found.stage.kinds)
    if found.trouble:
        return [("Do your tests run?", "no", False)]
    if not found.own:
        why = "none is collected" if found.never_run or found.missing else "there are none yet"
        none = [("Do your tests run?", why, False)]
        return none if found.items is None else [*none, _listed(found)]
    bad = len(found.failing) + len(found.unruly)
    skipped = sum(test.status == "skipped" for test in found.own)
    verb = "is" if skipped == 1 else "are"
    passing = own - bad - skipped
    run = f"{passing} of {own} pass{f', {skipped} {verb} skipped' if skipped else ''}"
    run += ", and leave nothing behind" if passing else ""
    empty = f"{len(found.empty)} of {own - bad} cannot" if found.empty else "yes"
    strict = f"{len(found.strict)} of your tests would refuse one" if found.strict else "yes"
    through = f"{kinds - len(found.survived)} of {kinds} kinds"
    if found.survived and found.caught:
        through += f"; {found.caught} of {len(found.mutants)} mistakes"
    bad_ones = own - found.counted
    through += f"; {count(bad_ones, 'test')} left out, see below" if bad_ones else ""
    if own == bad:
        empty = strict = "not known yet"
    table = [
        ("Do your tests run?", run, not bad),
        ("Can each of them fail?", empty, not found.empty),
        ("Do all right answers pass?", strict, not found.strict),
        ("Are the mistakes caught?", through, not found.survived),
    ]
    if own_code(found.stage) and found.counted and not found.survived and not found.part:
        fail = count(len(found.wrong), "of our tests fails", "of our tests fail")
        table.append(
            ("Is your code right?", f"{fail} on it" if found.wrong else "yes", not found.wrong)
        )
    if found.items is not None:
        table.append(_listed(found))
    return table


def kinds_named(found: Assessment) -> str:
    """Return the kinds that were asked for as a user names them: ``3``, or ``1-5``; "" if the whole stage was."""
    ends = sorted({*found.part[:1], *found.part[-1:]})
    return "-".join(map(str, ends))


def _listed(found: Assessment) -> tuple[str, str, bool]:
    lines = count(len(found.items or ()), "line")
    return "Your list", f"{lines}; {count(len(found.missed), 'kind')} not in it", bool(found.items)


def count(number: int, what: str, many: str = "") -> str:
    """Write a number of things in words."""
    return f"{number} {what if number == 1 else many or what + 's'}"


def mutants(found: Assessment, kind: Kind) -> int:
    """Return how many mutants of a kind the tests were judged by."""
    return sum(mutant.step == kind.number for mutant in found.mutants)


def places(found: Assessment, kind: Kind) -> list[str]:
    """Return the places of a kind's surviving mutants; empty if the stage's mutants have no places."""
    if not found.stage.placed:
        return []
    left = {" ".join(mutant.on) or "everywhere": None for mutant in found.left[kind.number]}
    return list(left)


def message(found: Assessment, limit: float) -> str:
    """Return the first thing to fix, as a sentence; "" if there is nothing."""
    if found.trouble:
        return trouble(found.stage, found.trouble, limit)
    if not found.own:
        return no_tests(found)
    if found.failing:
        return f"{short(found.failing[0].target)} fails: {steady_failure_text(found.failing[0])}"
    if found.unruly:
        return f"{short(found.unruly[0].test)} {describe_fault(found.unruly[0], limit)}."
    if found.empty:
        return f"{short(found.empty[0])} checks nothing: it passes on code that was emptied out."
    if found.strict:
        return f"{short(found.strict[0].test)} asks for more than the description says."
    if found.survived:
        return f"Not caught yet: {found.survived[0].title}"
    if found.wrong:
        return f"Your code is not right yet. {promise(found.wrong[0])}"
    return "Your list has no lines yet." if found.items == () else ""


def no_tests(found: Assessment) -> str:
    """Say why there are no tests, as far as is known."""
    if found.missing:
        return f"No test is collected: the line {found.missing[0]} is gone, which the file had."
    if found.never_run:
        first = found.never_run[0]
        return f"No test is collected: {first.name} ({first.where}) never runs, since {first.why}."
    return "There are no tests yet."


def promise(one: Wrong) -> str:
    """Quote the README's requirement that the code does not meet."""
    return f"{one.paragraph}: {one.requirement}" if one.paragraph else one.requirement


def pace(one: Slow) -> str:
    """Describe a test that takes long."""
    text = (
        f"{short(one.test)} takes {one.seconds:.1f} s; the verdict runs it some {round(one.runs, -1) or one.runs} times."
        " Use a Clock, or fewer bytes."
    )
    return text + " It was not run on the mistakes that no quicker test catches." * one.unrun


def nobody_else_has(test: TestResult) -> tuple[str, str] | None:
    """Return the name that a test needs and the file that should have it, if a program lacks it."""
    for problem in test.problems:
        for pattern in LACKS:
            if match := pattern.search(problem.message):
                return match["name"], f"{match['module'].rpartition('.')[2]}.py"
    return None


def as_data(found: Assessment, asked: Mapping[int, int], limit: float) -> dict[str, Any]:
    """Return an assessment as the object that --json prints."""

    def kind(one: Kind) -> dict[str, Any]:
        times = asked.get(one.number, 1)
        scene = {"scene": one.scene} if times > 1 else {}
        left = {"let_through": len(found.left[one.number]), "mutants": mutants(found, one)}
        where = {"on": on} if (on := places(found, one)) else {}
        return {"number": one.number, "title": one.title, **left, **where, "times": times, **scene}

    return {
        "stage": found.stage.name,
        "passed": found.passed,
        "message": message(found, limit),
        "seconds": round(found.seconds, 3),
        "steps": [],
        "asked": [one.number for one in found.stage.kinds],
        "tests": [
            {
                "name": test.target,
                "status": test.status,
                "seconds": test.seconds,
                "message": steady_failure_text(test) if test.problems else "",
                "right": test.target in found.right,
            }
            for test in found.own
        ],
        "unruly": [
            {"name": one.test, "kind": one.kind, "message": describe_fault(one, limit)}
            for one in found.unruly
        ],
        "cannot_fail": list(found.empty),
        "ask_too_much": [
            {"name": one.test, "answer": one.answer, "message": steady_failure_text(one.result)}
            for one in found.strict
        ],
        "not_caught": [kind(one) for one in found.survived],
        "code_is_wrong": [
            {
                "paragraph": one.paragraph,
                "requirement": one.requirement,
                "message": steady_failure_text(one.result),
            }
            for one in found.wrong
        ],
        "never_fail": list(found.idle),
        "never_run": [{"name": u.name, "where": u.where, "why": u.why} for u in found.never_run],
        "not_sure": list(found.wavering),
        "slow": [
            {"name": one.test, "seconds": one.seconds, "runs": one.runs} for one in found.slow
        ],
        "defined_twice": list(found.twice),
        "caught": found.caught,
        "mutants": len(found.mutants),
        "absent": len(found.absent),
        "list": None
        if found.items is None
        else [{"text": i.text, "kinds": [k.number for k in i.kinds]} for i in found.items],
        "not_listed": [] if found.items is None else [k.number for k in found.missed],
    }
