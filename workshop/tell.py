"""Tells the verdict on tests that a learner wrote: a line for each part, then what to mend, in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workshop.answers import is_test
from workshop.assessment import Assessment, Strict
from workshop.course import TOOL, Kind
from workshop.explain import main_problem, trial, trouble
from workshop.result import Frame, TestResult
from workshop.show import Shown
from workshop.suite import LIST
from workshop.verdict import (
    FEW,
    alike,
    in_test,
    misdeed,
    mutants,
    places,
    remedy,
    rows,
    said,
    short,
)
from workshop.where import innermost

# The lines of a list that are told while there is something to mend.
LINES = 8


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
        _listed(shown, (_together(same) for same in alike(found.empty, _method)))
    strict = alike(found.strict, lambda one: (_method(one.test), _line(one.result)))
    for first, *rest in strict[:FEW]:
        _strict(shown, found, first)
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
    mine = any(name.endswith(".py") and not is_test(name) for name in found.stage.edit)
    return "your own code" if mine else "the code as it was given"


def _failing(shown: Shown, found: Assessment, test: TestResult) -> None:
    shown.line()
    shown.paragraph(f"{short(test.target)} fails on {_code(found)}:", 0)
    shown.paragraph(said(test))
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


def _strict(shown: Shown, found: Assessment, strict: Strict) -> None:
    test = strict.result
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
    shown.line("Your list, and the numbers of what it speaks of:")
    told = found.items[:LINES] if found.counted and not found.passed else found.items
    for item in told:
        of = ", ".join(str(kind.number) for kind in item.kinds) or "no kind recognised"
        shown.paragraph(f"{item.text}  [{of}]")
    if len(found.items) > len(told):
        shown.line(f"  and {len(found.items) - len(told)} more")
    survived = {kind.number for kind in found.survived}
    for kind in found.missed if found.counted else ():
        caught = ", though a test of yours catches it" if kind.number not in survived else ""
        shown.paragraph(
            f"Not in your list, number {kind.number}: {kind.title.rstrip('.')}{caught}."
        )


def _listed(shown: Shown, names: Iterable[str]) -> None:
    names = list(names)
    for name in names[: 2 * FEW]:
        shown.paragraph(name)
    _more(shown, len(names), 2 * FEW)


def _more(shown: Shown, count: int, told: int = FEW) -> None:
    if count > told:
        shown.line(f"  and {count - told} more")
