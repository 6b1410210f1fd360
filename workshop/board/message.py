"""Where a pair is, as one line of text and as the JSON that a board receives. It has no code and no messages of tests."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, fields
from typing import Any

SCHEMA = "trial-by-wire.status/1"
MOST_BYTES = 1024
"""The longest message. A name of 40 characters takes at most 480 of them."""
MOST = 10**7
"""The largest number in a message; as seconds, four months."""

STAGE = re.compile(r"stage\d{1,3}[a-z]?(_\w{1,40})?", re.A)
ID = re.compile(r"[0-9a-f]{16}")
LONGEST_NAME = 40


class BadMessage(ValueError):
    """Something that is not a message of this schema; str() says why."""


@dataclass(frozen=True)
class Status:
    """Where a pair is.

    Attributes:
        stage: The stage of the last run.
        passed: How many of its steps pass, or how many kinds of mistake are caught; of ``total``.
        at: The number of the first step, or kind, that is left; None if there is none.
        what: "step" or, if the learner writes the stage's tests, "number".
        hint: How many tiers of the hint for it were shown; of ``hints``.
        seconds: Since the last step that passed for the first time, or since the stage's first run.
        green: Whether the last run passed.
    """

    stage: str
    passed: int
    total: int
    at: int | None
    what: str
    hint: int
    hints: int
    seconds: int
    green: bool

    @property
    def done(self) -> bool:
        """Whether the stage passes."""
        return self.at is None and self.green

    @property
    def short(self) -> str:
        """The stage without the rest of its name."""
        return self.stage.partition("_")[0]

    @property
    def place(self) -> str:
        """The step in words."""
        if self.at is not None:
            return f"at {self.what} {self.at}"
        return "done" if self.green else "not done"

    @property
    def shown(self) -> str:
        """The hints in words; "" if none was shown."""
        return f"hint {self.hint} of {self.hints}" if self.hint else ""

    @property
    def line(self) -> str:
        """All of it: ``stage2 6/12, at step 7, hint 2 of 3, 11 min``."""
        parts = [f"{self.short} {self.passed}/{self.total}", self.place, self.shown]
        return ", ".join(filter(None, [*parts, minutes(self.seconds)]))


def minutes(seconds: float) -> str:
    """Return a time in whole minutes or, from two hours on, in whole hours."""
    whole = int(max(seconds, 0)) // 60
    return f"{whole} min" if whole < 120 else f"{whole // 60} h"


@dataclass(frozen=True)
class Message:
    """A status, the name that a pair chose, and a number drawn at random, so that nobody else can take the pair's row."""

    id: str
    name: str
    status: Status


def text_of(message: Message) -> str:
    """Return the message as JSON: what a pair is shown, and what is sent."""
    data = {"schema": SCHEMA, "id": message.id, "name": message.name, **asdict(message.status)}
    return json.dumps(data, indent=1, ensure_ascii=False)


def is_name(name: object) -> bool:
    """Return whether a board shows this name: short, printable, and with nothing that reverses the text's direction."""
    return (
        isinstance(name, str)
        and 0 < len(name) <= LONGEST_NAME
        and name.isprintable()
        and name == name.strip()
    )


def parse(data: bytes) -> Message:
    """Read a message.

    Raises:
        BadMessage: It is too long, is not JSON, or has other fields or values than the schema.
    """
    if len(data) > MOST_BYTES:
        raise BadMessage(f"longer than {MOST_BYTES} bytes")
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise BadMessage("not JSON") from None
    names = {field.name for field in fields(Status)} | {"schema", "id", "name"}
    if not isinstance(found, dict) or found.keys() != names:
        raise BadMessage(f"the fields are {', '.join(sorted(names))}")
    if found["schema"] != SCHEMA:
        raise BadMessage(f"the schema is {SCHEMA}")
    wrong = sorted(name for name, value in found.items() if not _fits(name, value))
    if wrong:
        raise BadMessage(f"wrong: {', '.join(wrong)}")
    del found["schema"]
    return Message(found.pop("id"), found.pop("name"), Status(**found))


def _fits(name: str, value: Any) -> bool:
    """Return whether a field may have this value."""
    if name == "name":
        return is_name(value)
    if name in ("id", "stage"):
        pattern = ID if name == "id" else STAGE
        return isinstance(value, str) and pattern.fullmatch(value) is not None
    if name in ("schema", "what"):
        return value in (SCHEMA, "step", "number")
    if name == "green":
        return isinstance(value, bool)
    # True is a number for Python.
    number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST
    return number or (name == "at" and value is None)
