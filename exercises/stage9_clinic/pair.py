"""A step about a pair of program and test: whether its cause is named, whether it is repaired, and still a test."""

from __future__ import annotations

import hashlib
from typing import Any

from twisted.trial.reporter import TestResult
from twisted.trial.unittest import SynchronousTestCase

from .causes import CAUSES
from .histories import HISTORIES, PACKAGE, SKIPPED, ask, fresh, problem

NAMES = {
    *("accept", "catch-all", "chunk", "clock", "late", "limit", "one-side", "order"),
    *("outlives", "pool", "port", "shared", "sleep"),
}
TIMES = 3  # runs on the real reactor
QUIET = 0.06  # seconds that a test may take if nothing is late: enough to poll, too little to sleep


class Pair(SynchronousTestCase):
    """case: the program's name. cause: a digest of the cause's name, so that nobody reads it here by accident."""

    longMessage = False  # Our message alone, not unittest's before it.
    case = cause = ""
    quiet = QUIET
    weather = "calm"  # for whoever hunts the whole stage: these tests make histories of their own

    @property
    def hunt(self) -> str:
        """The command that finds a failing history."""
        return f"python3 -m workshop hunt {PACKAGE}.test_{self.case}"

    def check_cause(self) -> None:
        """The cause is named in causes.py."""
        named = CAUSES.get(self.case, "")
        if not named:
            self.fail(
                f"causes.py does not name the cause of {self.case} yet. Find a history in which its test "
                f"fails ({self.hunt}), and choose a name from the list in README.md."
            )
        if named not in NAMES:
            self.fail(f'"{named}", in causes.py, is not in the list in README.md.')
        if digest(self.case, named) != self.cause:
            self.fail(
                f'The cause of {self.case} is not "{named}". Look at what the hunt leaves of the weather, '
                f"and at the timeline: {self.hunt}. If the hunt finds nothing any more, look at what you repaired."
            )

    def check_pair(self) -> None:
        """The tests pass in every history and here, wait for events only, and fail with each wrong program."""
        report = ask(self.case)
        if "broken" in report:
            self.fail(f"The tests of {self.case} cannot be run: {report['broken']}")
        self._check_calm(report["calm"])
        if report["windy"]:
            test, seed, why = report["windy"]
            self.fail(
                f"{test} fails in windy weather, seed {seed} of {HISTORIES}: {why}\nTo see why: {self.hunt}"
            )
        for test, why in report["other"]:
            self.fail(
                f"{test} fails with another right program. It demands more than the docstrings of "
                f"{self.case}.py promise. It says: {why}"
            )
        for promise, why in report["lost"]:
            self.fail(f"{self.case}.py breaks a promise: {promise} {why}")
        if report["unnoticed"]:
            self.fail(
                f"The tests of {self.case} pass with a wrong program; the original ones do not. What it does: "
                f"{report['unnoticed'][0]}"
            )
        self._check_here()

    def _check_calm(self, calm: Any) -> None:
        if not calm:
            self.fail(f"test_{self.case}.py has no test that runs.")
        for test, why, seconds in calm:
            if why == SKIPPED:
                self.fail(f"{test} is {SKIPPED}: it must run.")
            if why:
                self.fail(f"{test} fails even if nothing is late: {why}\nTo see more: {self.hunt}")
            if seconds > self.quiet:
                self.fail(
                    f"{test} takes {seconds:.2f} s although nothing is late: something in it waits for a time. "
                    "Any time is too short on some day. Wait for the event."
                )

    def _check_here(self) -> None:
        from twisted.internet import reactor

        for _ in range(TIMES):
            for cls, name in fresh(self.case):
                why = problem(cls(name), TestResult())
                if why:
                    self.flushLoggedErrors()
                    self.fail(
                        f"{name} passes on the simulated network and fails on {type(reactor).__name__}: {why}"
                    )


def digest(case: str, name: str) -> str:
    """What the tests have in place of a cause's name."""
    return hashlib.blake2b(f"{case}: {name}".encode(), digest_size=4).hexdigest()
