"""Histories that are not drawn by a seed alone: decisions that are listed, and seeds that decide some rows only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from workshop.simulated.weather import TABLE, History

WALKED: dict[str, tuple[int, ...] | None] = {
    "connect": (3,),
    "accept": (3,),
    "latency": (3,),
    "end": (3,),
    "cut": (1, 2, 3),
    "slow": (3,),
    "room": (),
    "order": None,
    "thread": (3,),
    "refuse": (1,),
    "lose": (1,),
}
"""What a walk through all histories chooses from, by row: options by their index in the menu, apart from the default.

None: all that there are. A delay is 0.1 s or nothing; every cut is tried; the room of a direction is as in calm weather,
since a small test does not fill it.
"""

BOUNDED = {"cut", "slow", "latency"}
"""Rows that are decided again for each read, or for each send, of a direction: a walk tries the first few of them only."""


class Choice(NamedTuple):
    """A decision that is not the default. option: the index of its value in the menu of its row; sentence: what it does."""

    key: str
    option: int
    value: float
    sentence: str


class Chosen(History):
    """Decisions that are listed, as options by their keys; all others are the default. met: those that were asked for."""

    def __init__(self, weather: str, options: Mapping[str, int]) -> None:
        super().__init__(0, weather)
        self._options = dict(options)
        self.met: list[tuple[str, int]] = []

    def choose(self, decision_key: str, name: str, options: int) -> int:
        self.met.append((decision_key, options))
        return min(self._options.get(decision_key, 0), options - 1)

    def later(self) -> list[tuple[str, int]]:
        """The decisions after the last that is listed, with the number of options that each has."""
        last = max((n for n, (key, _) in enumerate(self.met) if key in self._options), default=-1)
        return self.met[last + 1 :]


class Sown(History):
    """What a seed decides, in some rows only; the others are calm."""

    def __init__(
        self, seed: int, weather: str, put_back: Iterable[str], rows: Collection[str]
    ) -> None:
        super().__init__(seed, weather, put_back)
        self._rows = frozenset(rows)

    def choose(self, decision_key: str, name: str, options: int) -> int:
        return super().choose(decision_key, name, options) if name in self._rows else 0


def choices(history: History) -> list[Choice]:
    """The decisions of a history that are not the default."""
    found = []
    for one in history.departures:
        found.append(Choice(one.key, option(one.key, one.drawn) or 0, one.drawn, str(one)))
    return found


def following(
    history: Mapping[str, int], later: Iterable[tuple[str, int]], rows: Collection[str], cuts: int
) -> Iterator[dict[str, int]]:
    """The histories that have one more decision than this one, and it comes after all of this one's.

    Args:
        cuts: How many reads and sends of each direction are decided on; the others are as in calm weather.
    """
    for key, options in later:
        name = key.partition("/")[0]
        if name in BOUNDED and int(key.rpartition("/")[2]) > cuts:
            continue
        walked = WALKED[name] if name in rows else ()
        for option in range(1, options) if walked is None else walked:
            if option < options:
                yield {**history, key: option}


def written(one: Choice) -> str:
    """A decision as a command has it: end/1.server/1=0.1."""
    return f"{one.key}={one.value:g}"


def option(key: str, value: float) -> int | None:
    """The index of a value in the menu of a decision's row; None if it is not there, or there is no such decision."""
    name, _, rest = key.partition("/")
    who, _, number = rest.rpartition("/")
    if name not in TABLE or not who or not number.isdecimal():
        return None
    if name == "order":
        return int(value) if value == int(value) and value >= 0 else None
    menu = [TABLE[name].calm, *TABLE[name].storm]
    return menu.index(value) if value in menu else None
