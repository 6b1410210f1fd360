"""Tells the verdict on tests that a learner wrote: a line for each part, then what to mend, in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workshop.course import TOOL, Kind
from workshop.judge.findings import Assessment, Strict
from workshop.judge.learner import LIST
from workshop.judge.programs import is_test, own_code
from workshop.judge.unheard import reason
from workshop.report.console import Shown
from workshop.report.explain import main_problem, trial, trouble
from workshop.report.suite_text import (
    FEW,
    alike,
    count,
    in_test,
    misdeed,
    mutants,
    no_tests,
    nobody_else_has,
    pace,
    places,
    promise,
    remedy,
    rows,
    said,
    short,
)
from workshop.report.where import innermost
from workshop.runner.result import Frame, TestResult


def show(shown: Shown, found: Assessment, asked: Mapping[int, int], limit: float) -> None:
    """Tell all of it. asked: see verdict.ask; limit: the seconds that a test may take."""
    stage = found.stage
    for question, answer, good in rows(found):
        shown.line(f"  {question:<28}{answer}", "" if good else "bold")
    if found.trouble:
        shown.line()
        cause, _, mend = trouble(stage, found.trouble, limit).partition("\n")
        shown.paragraph(cause, 0)
        shown.line(mend)
        return
    if not found.own:
        if found.items:
            _list(shown, found)
        shown.line()
        if found.missing or found.unheard:
            shown.paragraph(no_tests(found), 0)
            if not found.missing:
                _unheard(shown, found)
        else:
            shown.paragraph(f"Read exercises/{stage.name}/README.md, and write the first.", 0)
        return
    failing = alike(found.failing, lambda test: (_method(test.target), _line(test)))
    for test, *others in failing[:FEW]:
        _failing(shown, found, test)
        _others(shown, [one.target for one in others])
    _more(shown, len(failing))
    unruly = alike(found.unruly, lambda one: (_method(one.test), one.trouble.kind))
    for one, *same in unruly[:FEW]:
        shown.line()
        shown.paragraph(f"{short(one.test)} {misdeed(one, limit)}. It is left out below.", 0)
        _others(shown, [other.test for other in same])
        if what := remedy(one):
            shown.paragraph(what)
    _more(shown, len(unruly))
    for name in found.twice:
        shown.line()
        shown.paragraph(f"{name} is defined twice: only the last of the two runs.", 0)
    if found.empty:
        shown.line()
        shown.paragraph(f"These check nothing: they pass on {_code(found)} with nothing in it.", 0)
        _listed(shown, (_silent(found, same) for same in alike(found.empty, _method)))
    strict = alike(
        found.strict,
        lambda one: nobody_else_has(one.result) or (_method(one.test), _line(one.result)),
    )
    for first, *rest in strict[:FEW]:
        _strict(shown, found, first, len(rest))
        if not nobody_else_has(first.result):
            _others(shown, [one.test for one in rest])
    _more(shown, len(strict))
    # With no test that counts, nothing is known of the mistakes.
    survived = found.survived if found.counted else ()
    for n, kind in enumerate(survived[:FEW]):
        # One scene at a time: that of the kind to go on with.
        _survived(shown, found, kind, asked.get(kind.number, 1) if n == 0 else 1)
    if len(survived) > FEW:
        shown.line()
        shown.line(f"Also not caught: {', '.join(str(kind.number) for kind in survived[FEW:])}")
    _wrong(shown, found)
    _notes(shown, found)
    if found.items is not None:
        _list(shown, found)
    shown.line()
    facts = [("Again", f"{TOOL} run {stage.name}")]
    if survived:
        facts.append(("Hint", f"{TOOL} hint {stage.name} {survived[0].number}"))
    if found.passed:
        shown.line(f"{stage.name}: all of it is caught.", "green")
    else:
        shown.facts(facts)


def _code(found: Assessment) -> str:
    """Whose code it is that the tests are about."""
    return "your own code" if own_code(found.stage) else "the code as it was given"


def _failing(shown: Shown, found: Assessment, test: TestResult) -> None:
    shown.line()
    shown.paragraph(f"{short(test.target)} fails on {_code(found)}:", 0)
    shown.paragraph(said(test))
    if test.target in found.right:
        shown.paragraph("It passes on right answers: this test is right; your code is not.")
    if test.problems:
        frames = main_problem(test.problems).frames
        in_code = [frame for frame in frames if not is_test(_name(frame))]
        places = [
            ("Test", in_test(test.target, frames)),
            ("Code", str(innermost(found.stage, in_code) or "")),
        ]
        known = [(label, where) for label, where in places if where]
        shown.facts([*known, ("Alone", f"{trial()} {test.target}")])


def _name(frame: Frame) -> str:
    return frame.file.rpartition("/")[2]


def _method(target: str) -> str:
    return target.rpartition(".")[2]


def _line(test: TestResult) -> str:
    """The line of the test that fails, or else of what fails it; its full name, which no other has, where none is known."""
    frames = main_problem(test.problems).frames if test.problems else ()
    return in_test(test.target, frames) or (str(frames[-1]) if frames else test.target)


def _others(shown: Shown, names: list[str]) -> None:
    """The same test in other classes, as where one class is built for each of several reactors."""
    if names:
        shown.paragraph(f"The same in {_classes(names)}.")


def _together(names: list[str]) -> str:
    """Tests of one name, in one or more classes."""
    return short(names[0]) if len(names) == 1 else f"{_method(names[0])} in {_classes(names)}"


def _classes(names: list[str]) -> str:
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(name.split(".")[-2] for name in names[:FEW]) + more


def _strict(shown: Shown, found: Assessment, strict: Strict, others: int) -> None:
    test = strict.result
    if lacks := nobody_else_has(test):
        name, file = lacks
        so = f", and so do {count(others, 'other test')}" if others else ""
        shown.line()
        shown.paragraph(f"{short(strict.test)} asks for more than the description says{so}:", 0)
        shown.paragraph(
            f"the name {name}, from {file}, which other right answers do not have. The README says on which names a test "
            "may rely."
        )
        return
    frames = main_problem(test.problems).frames if test.problems else ()
    where = in_test(strict.test, frames)
    shown.line()
    shown.paragraph(f"{short(strict.test)} asks for more than the description says.", 0)
    place = f", in {where}" if where else ""
    shown.paragraph(f"On an answer that is right it says{place}: {said(test)}")
    shown.paragraph("The README says what a test may rely on, and what is left free.")


def _survived(shown: Shown, found: Assessment, kind: Kind, times: int) -> None:
    shown.line()
    shown.paragraph(f"Not caught yet, number {kind.number}: {kind.title}", 0)
    if on := places(found, kind):
        shown.paragraph(f"Let through: {', '.join(on)}.")
    caught = mutants(found, kind) - len(found.left[kind.number])
    if caught:
        # Its scene may be of what is caught already.
        verb = "is" if caught == 1 else "are"
        of = f"{caught} of its {mutants(found, kind)} mistakes {verb} caught"
        shown.paragraph(f"{of}, perhaps by a test of another number.")
    elif times > 1:
        shown.paragraph(kind.scene)


def _list(shown: Shown, found: Assessment) -> None:
    shown.line()
    if not found.items:
        shown.paragraph(f"Your list, exercises/{found.stage.name}/{LIST}, has no lines yet.", 0)
        return
    known = sum(bool(item.kinds) for item in found.items)
    kinds = count(len(found.stage.kinds) - len(found.missed), "kind")
    shown.paragraph(f"Your list speaks of {kinds}, in {count(known, 'line')}.", 0)
    strange = [item for item in found.items if not item.kinds]
    for item in strange[:FEW]:
        shown.paragraph(f"{item.text}  [no kind recognised]")
    _more(shown, len(strange))
    survived = {kind.number for kind in found.survived}
    missed = found.missed if found.counted else []
    for kind in missed[:FEW]:
        caught = ", though a test of yours catches it" if kind.number not in survived else ""
        shown.paragraph(
            f"Not in your list, number {kind.number}: {kind.title.rstrip('.')}{caught}."
        )
    if len(missed) > FEW:
        shown.line(f"  Nor are: {', '.join(str(kind.number) for kind in missed[FEW:])}")


def _wrong(shown: Shown, found: Assessment) -> None:
    """What the reference's tests say of the learner's code."""
    if not found.wrong:
        return
    shown.line()
    shown.paragraph("Your tests catch all kinds; your code is not right yet. The README says:", 0)
    for one in found.wrong[:FEW]:
        shown.paragraph(promise(one))
        shown.paragraph(f"Our test of it says: {said(one.result)}", 4)
    _more(shown, len(found.wrong))


def _notes(shown: Shown, found: Assessment) -> None:
    """What is no reason not to pass."""
    _unheard(shown, found)
    if found.idle:
        shown.line()
        shown.paragraph("No mistake that we know makes these fail; perhaps they are for others:", 0)
        _listed(shown, (_silent(found, same) for same in alike(found.idle, _method)))
    if found.wavering:
        shown.line()
        names = ", ".join(map(short, found.wavering[:FEW]))
        shown.paragraph(
            f"Failed on a mistake, but not when run on it again, so not counted: {names}.", 0
        )
    if found.slow:
        shown.line()
        for one in found.slow[:FEW]:
            shown.paragraph(pace(one), 0)
        _more(shown, len(found.slow))


def _unheard(shown: Shown, found: Assessment) -> None:
    if found.unheard:
        shown.line()
        shown.paragraph("Never run:", 0)
        _listed(shown, (f"{one.name} ({one.where}): {one.why}." for one in found.unheard))


def _silent(found: Assessment, same: list[str]) -> str:
    """Tests of one name that check nothing, and why, where that is seen."""
    why = reason(found.stage, same[0])
    return f"{_together(same)}: {why}" if why else _together(same)


def _listed(shown: Shown, names: Iterable[str]) -> None:
    names = list(names)
    for name in names[: 2 * FEW]:
        shown.paragraph(name)
    _more(shown, len(names), 2 * FEW)


def _more(shown: Shown, count: int, told: int = FEW) -> None:
    if count > told:
        shown.line(f"  and {count - told} more")
