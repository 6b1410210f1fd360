"""Prints what this stage's notebook draws a picture from: stage7_everywhere.json. In the course's folder, it is run by

python3 -m workshop dev notebooks --record --write stage7_everywhere

For each kind of connection on each of Linux's reactors: the numbers of the broken reactors that a contract catches there.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import TestResult

from twisted.logger import globalLogBeginner

from workshop.course import Stage, load
from workshop.course.solutions import answer, with_bug

PACKAGE, WRAPPED = "exercises.stage7_everywhere", "wrapped.py"


def module(text: str) -> Any:
    """Return a module of the stage with this text."""
    made = ModuleType(f"{PACKAGE}.other")
    made.__package__ = PACKAGE
    exec(text, made.__dict__)
    return made


def caught(stage: Stage) -> dict[str, list[int]]:
    """Run each broken reactor's promise in each place; return the numbers of those whose test fails, by place."""
    # Twisted keeps what is logged before this, and with it the protocols that a promise wants to be gone.
    globalLogBeginner.beginLoggingTo([], discardBuffer=True, redirectStandardIO=False)
    # A stage's own files have no types.
    everywhere: Any = import_module(f"{PACKAGE}.everywhere")
    fresh: Any = import_module(f"{PACKAGE}.fresh")
    contract = module(answer(stage)["test_contract.py"])
    cases = {
        f"{reactor} {kind}": vars(contract)[f"Contract_{reactor}_{kind}"]
        for reactor in fresh.PLATFORMS["linux"]
        for kind in everywhere.FAMILIES
    }
    # The contract's own classes, and in them the tests, are in the order of the promises.
    own = (one for one in vars(contract).values() if isinstance(one, type))
    tests = [
        name
        for one in own
        if one.__module__ == contract.__name__ and everywhere.Built not in one.__mro__
        for name in vars(one)
        if name.startswith("test")
    ]

    def red(place: str, test: str) -> bool:
        case, result = cases[place](test), TestResult()
        case.limit = 1.0
        case.run(result)
        return not result.wasSuccessful()

    wrong = [(place, test) for place in cases for test in tests if red(place, test)]
    if wrong:
        raise AssertionError(f"red on the reactors as they are: {wrong}")
    text = (stage.folder / WRAPPED).read_text("utf-8")
    found: dict[str, list[int]] = {place: [] for place in cases}
    for number, mutant in enumerate(stage.mutants, start=1):
        everywhere.Reactor = module(with_bug({WRAPPED: text}, mutant)[WRAPPED]).Reactor
        for place, numbers in found.items():
            if red(place, tests[mutant.step - 1]):
                numbers.append(number)
    return found


if __name__ == "__main__":
    if sys.platform != "linux":
        # Other systems lack some of these reactors: the record stays as it is.
        sys.stdout.write(Path(__file__).with_suffix(".json").read_text("utf-8"))
        sys.exit()
    sys.stdout.write(
        json.dumps(caught(load(Path.cwd()).stage("stage7_everywhere")), indent=1) + "\n"
    )
