"""What a hunt finds."""

from __future__ import annotations

from dataclasses import dataclass

from workshop.hunt.histories import Choice

MANY = 4
"""More decisions than these are counted, and not listed."""


@dataclass(frozen=True)
class Found:
    """A failure, and why.

    Attributes:
        test: Its name, as trial takes it.
        seed: The seed of the history; None if the history was found by a walk, or needs no weather.
        weather: The weather; "calm" if the test fails in any.
        decisions: The decisions that are needed for the failure; all others are as in calm weather.
        failure: What failed, in short.
        kind: The exception's name; "hung" or "died" if the test's process had to be ended, or ended itself.
        timeline: What happened in this history, a line for each event.
        command: The command of plain trial that repeats it; "" if no seed has this history.
        again: The command of the tool that repeats it.
        before: The number of decisions that this history had before it was shrunk.
    """

    test: str
    seed: int | None
    weather: str
    decisions: tuple[Choice, ...]
    failure: str
    kind: str
    timeline: tuple[str, ...] = ()
    command: str = ""
    again: str = ""
    before: int = 0

    @property
    def sentences(self) -> tuple[str, ...]:
        """What the needed decisions do."""
        return tuple(one.sentence for one in self.decisions)

    @property
    def said(self) -> str:
        """Why it fails, in a sentence."""
        if self.weather == "calm" or not self.decisions:
            return "Fails even with no delays, so fix it first."
        if len(self.sentences) > MANY:
            many = f"{len(self.sentences)} decisions of the weather come together"
            return f"Fails when {many}, such as: {self.sentences[0]}. The timeline has each, marked by ~."
        return f"Fails when {', and when '.join(dict.fromkeys(self.sentences))}."


@dataclass(frozen=True)
class Walked:
    """A walk through the histories of a test. complete: whether these are all; found: the shortest that fails."""

    test: str
    histories: int
    complete: bool
    found: Found | None
