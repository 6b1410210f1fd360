"""Show the verdict on tests that a learner wrote: a line for each part, then what to fix, in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workshop.course import TOOL, Kind
from workshop.judge.findings import Assessment, Strict
from workshop.judge.learner import LIST
from workshop.judge.lint import reason
from workshop.judge.programs import is_test, own_code
from workshop.report.console import Console
from workshop.report.explain import main_problem, trial, trouble
from workshop.report.suite_text import (
    FEW,
    advice,
    alike,
    count,
    describe_fault,
    in_test,
    kinds_named,
    mutants,
    no_tests,
    nobody_else_has,
    pace,
    places,
    promise,
    rows,
    short,
    steady_failure_text,
)
from workshop.report.where import innermost
from workshop.runner.result import TestResult


def show(console: Console, found: Assessment, asked: Mapping[int, int], limit: float) -> None:
    """Show the whole verdict.

    Args:
        asked: How often each missed kind was missed in a row; see verdict.count_misses.
        limit: Seconds that a test may take.
    """
    stage = found.stage
    for question, answer, good in rows(found):
        console.row(f"  {question:<28}", answer, "" if good else "bold")
    if found.trouble:
        cause, _, command = trouble(stage, found.trouble, limit).partition("\n")
        console.heading(cause)
        console.line(command)
        return
    if not found.own:
        if found.items:
            _list(console, found)
        if found.missing or found.never_run:
            console.heading(no_tests(found))
            if not found.missing:
                _never_run(console, found)
        else:
            console.heading(f"Read exercises/{stage.name}/README.md, and write the first.")
        return
    failing = alike(found.failing, lambda test: (_method(test.target), _line(test)))
    for test, *others in failing[:FEW]:
        _failing(console, found, test)
        _others(console, [one.target for one in others])
    _more(console, len(failing))
    unruly = alike(found.unruly, lambda one: (_method(one.test), one.kind))
    for one, *same in unruly[:FEW]:
        console.heading(f"{short(one.test)} {describe_fault(one, limit)}. It is left out below.")
        _others(console, [other.test for other in same])
        if what := advice(one):
            console.paragraph(what)
    _more(console, len(unruly))
    for name in found.twice:
        console.heading(f"{name} is defined twice: only the last of the two runs.")
    if found.empty:
        console.heading(f"These check nothing: they pass on {_code(found)} with nothing in it.")
        _listed(console, (_silent(found, same) for same in alike(found.empty, _method)))
    strict = alike(
        found.strict,
        lambda one: nobody_else_has(one.result) or (_method(one.test), _line(one.result)),
    )
    for first, *rest in strict[:FEW]:
        _strict(console, found, first, len(rest))
        if not nobody_else_has(first.result):
            _others(console, [one.test for one in rest])
    _more(console, len(strict))
    # If no test counts, nothing is known about the mistakes.
    survived = found.survived if found.counted else ()
    for n, kind in enumerate(survived[:FEW]):
        # Only one scene at a time: that of the kind to work on next.
        _survived(console, found, kind, asked.get(kind.number, 1) if n == 0 else 1)
    if len(survived) > FEW:
        console.line()
        more = ", ".join(str(kind.number) for kind in survived[FEW:])
        console.paragraph(f"Also not caught: {more}", 0)
    _wrong(console, found)
    _notes(console, found)
    if found.items is not None:
        _list(console, found)
    console.line()
    named = kinds_named(found)
    facts = [("Again", f"{TOOL} run {stage.name} {named}".rstrip())]
    if survived:
        facts.append(("Hint", f"{TOOL} hint {stage.name} {survived[0].number}"))
    if found.passed:
        caught = f"caught: {named}" if named else "all of it is caught"
        console.line(f"{stage.name}: {caught}.", "green")
    else:
        console.facts(facts)


def _code(found: Assessment) -> str:
    """Name the code that the tests run."""
    return "your own code" if own_code(found.stage) else "the code as provided"


def _failing(console: Console, found: Assessment, test: TestResult) -> None:
    console.heading(f"{short(test.target)} fails on {_code(found)}:")
    console.paragraph(steady_failure_text(test))
    if test.target in found.right:
        console.paragraph("It passes on right answers: this test is right; your code is not.")
    if test.problems:
        frames = main_problem(test.problems).frames
        in_code = [frame for frame in frames if not is_test(frame.file.rpartition("/")[2])]
        places = [
            ("Test", in_test(test.target, frames)),
            ("Code", str(innermost(found.stage, in_code) or "")),
        ]
        known = [(label, where) for label, where in places if where]
        console.facts([*known, ("Alone", f"{trial()} {test.target}")])


def _method(target: str) -> str:
    return target.rpartition(".")[2]


def _line(test: TestResult) -> str:
    """Return the line of the test that fails, or else the one that fails it; or else its full name, which is unique."""
    frames = main_problem(test.problems).frames if test.problems else ()
    return in_test(test.target, frames) or (str(frames[-1]) if frames else test.target)


def _others(console: Console, names: list[str]) -> None:
    """Name the other classes with the same test, as when one class is built for each of several reactors."""
    if names:
        console.paragraph(f"The same in {_classes(names)}.")


def _together(names: list[str]) -> str:
    """Name tests that share a name, in one or more classes."""
    return short(names[0]) if len(names) == 1 else f"{_method(names[0])} in {_classes(names)}"


def _classes(names: list[str]) -> str:
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(name.split(".")[-2] for name in names[:FEW]) + more


def _strict(console: Console, found: Assessment, strict: Strict, others: int) -> None:
    test = strict.result
    if lacks := nobody_else_has(test):
        name, file = lacks
        so = f", and so do {count(others, 'other test')}" if others else ""
        console.heading(f"{short(strict.test)} asks for more than the description says{so}:")
        console.paragraph(
            f"the name {name}, from {file}, which other right answers do not have. The README says on which names a test "
            "may rely."
        )
        return
    frames = main_problem(test.problems).frames if test.problems else ()
    where = in_test(strict.test, frames)
    console.heading(f"{short(strict.test)} asks for more than the description says.")
    place = f", in {where}" if where else ""
    console.paragraph(f"On a right answer it fails{place}: {steady_failure_text(test)}")
    console.paragraph("The README says what a test may rely on, and what is left free.")


def _survived(console: Console, found: Assessment, kind: Kind, times: int) -> None:
    console.heading(f"Not caught yet, number {kind.number}: {kind.title}")
    if on := places(found, kind):
        console.paragraph(f"Let through: {', '.join(on)}.")
    caught = mutants(found, kind) - len(found.left[kind.number])
    if caught:
        # Its scene may be about mistakes that are caught already.
        verb = "is" if caught == 1 else "are"
        of = f"{caught} of its {mutants(found, kind)} mistakes {verb} caught"
        console.paragraph(f"{of}, perhaps by a test of another number.")
    elif times > 1:
        console.paragraph(kind.scene)


def _list(console: Console, found: Assessment) -> None:
    if not found.items:
        console.heading(f"Your list, exercises/{found.stage.name}/{LIST}, has no lines yet.")
        return
    known = sum(bool(item.kinds) for item in found.items)
    kinds = count(len(found.stage.kinds) - len(found.missed), "kind")
    console.heading(f"Your list covers {kinds}, in {count(known, 'line')}.")
    strange = [item for item in found.items if not item.kinds]
    for item in strange[:FEW]:
        console.paragraph(f"{item.text}  [no kind recognised]")
    _more(console, len(strange))
    survived = {kind.number for kind in found.survived}
    missed = found.missed if found.counted else []
    for kind in missed[:FEW]:
        caught = ", though a test of yours catches it" if kind.number not in survived else ""
        console.paragraph(
            f"Not in your list, number {kind.number}: {kind.title.rstrip('.')}{caught}."
        )
    if len(missed) > FEW:
        console.paragraph(f"Nor are: {', '.join(str(kind.number) for kind in missed[FEW:])}")


def _wrong(console: Console, found: Assessment) -> None:
    """Show what the reference's tests report about the learner's code."""
    if not found.wrong:
        return
    console.heading("Your tests catch all kinds; your code is not right yet. The README says:")
    for one in found.wrong[:FEW]:
        console.paragraph(promise(one))
        console.paragraph(f"Our test of it fails: {steady_failure_text(one.result)}", 4)
    _more(console, len(found.wrong))


def _notes(console: Console, found: Assessment) -> None:
    """Show notes, which do not prevent passing."""
    _never_run(console, found)
    if found.idle:
        console.heading("No mistake that we know makes these fail; perhaps they are for others:")
        _listed(console, (_silent(found, same) for same in alike(found.idle, _method)))
    if found.wavering:
        names = ", ".join(map(short, found.wavering[:FEW]))
        console.heading(
            f"Failed on a mistake, but not when run on it again, so not counted: {names}."
        )
    if found.slow:
        console.line()
        for one in found.slow[:FEW]:
            console.paragraph(pace(one), 0)
        _more(console, len(found.slow))


def _never_run(console: Console, found: Assessment) -> None:
    if found.never_run:
        console.heading("Never run:")
        _listed(console, (f"{one.name} ({one.where}): {one.why}." for one in found.never_run))


def _silent(found: Assessment, same: list[str]) -> str:
    """Name tests that share a name and check nothing, with the reason if it is known."""
    why = reason(found.stage, same[0])
    return f"{_together(same)}: {why}" if why else _together(same)


def _listed(console: Console, names: Iterable[str]) -> None:
    names = list(names)
    for name in names[: 2 * FEW]:
        console.paragraph(name)
    _more(console, len(names), 2 * FEW)


def _more(console: Console, count: int, shown: int = FEW) -> None:
    if count > shown:
        console.line(f"  and {count - shown} more")
