"""Errors: something that the simulation lacks, a wait that cannot end, a test that does not end, a wrong setting."""

from __future__ import annotations

from twisted.internet.defer import TimeoutError as TrialTimeout
from twisted.python.usage import UsageError


class NotSimulated(NotImplementedError, AttributeError):
    """Something that the simulated network lacks. It is an AttributeError too, so that hasattr returns False for it."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The simulated network has no {what}. Run this test on a real reactor: "
            "trial without --reactor=simulated."
        )


class Misused(UsageError):
    """For trial to print: an unknown weather, a seed that is not a number, or a wrong key of a decision."""


class Stuck(TrialTimeout):
    """A test that cannot end. It is a TimeoutError, as trial reports it on a real reactor, after two minutes."""


class Deadlock(Stuck):
    """Nothing is due any more, and a test still waits."""


class Endless(Stuck):
    """A test took more turns, or more real time, than a history may."""
