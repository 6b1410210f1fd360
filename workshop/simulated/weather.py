"""Weather: what a seed may decide, within which bounds; and a history, the sequence of these decisions.

Every decision is a choice from a menu, whose first entry is the default: 0, as on a quiet loopback. It depends on the seed
and on its own key only, so that putting one back to the default leaves the others as they were.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from .errors import Misused

DELAYS = (0.001, 0.01, 0.1)


class Row(NamedTuple):
    """A line of the weather table: the choices beside the default, by preset, and a sentence about one that was made."""

    windy: tuple[float, ...]
    storm: tuple[float, ...]
    says: str


TABLE = {
    "connect": Row(DELAYS, DELAYS, "the attempt of {who} takes {value:g} s"),
    "accept": Row(DELAYS, DELAYS, "{who} is accepted {value:g} s late"),
    "latency": Row(DELAYS, DELAYS, "{who}'s bytes take {value:g} s"),
    "end": Row(DELAYS, DELAYS, "{who}'s end comes {value:g} s late"),
    "cut": Row((), (), "a read returns only {value:g} of {who}'s bytes"),
    "slow": Row(DELAYS, DELAYS, "the reader of {who}'s bytes stays away for {value:g} s"),
    "room": Row((4096, 256), (4096, 256, 16), "{who} holds {value:g} bytes"),
    "order": Row((), (), "{who} is ready, but another event is handled first"),
    "thread": Row(DELAYS, DELAYS, "{who} takes {value:g} s"),
    "refuse": Row((), (1,), "{who} is refused"),
    "lose": Row((), (1,), "the connection of {who} is lost"),
}
"""What a seed may decide. "order" has as many choices as there are ready sockets, "cut" as many as there are bytes there."""
PRESETS = ("calm", "windy", "storm")
PORTIONS = (0.0, 0.1, 0.3, 0.7)
"""How often a history departs from a default: it draws one of these for each row, so that some have late ends only."""
MOST = 40  # decisions of a row about one direction; after so many it is calm, so that a long stream stays affordable


class Decision(NamedTuple):
    """One decision of a history: the row of the table, what it is about, its number there, and the draw; 0 as if calm."""

    name: str
    who: str
    number: int
    drawn: float

    @property
    def key(self) -> str:
        """Identifies this decision in every history of the same seed."""
        return f"{self.name}/{self.who}/{self.number}"

    def __str__(self) -> str:
        return TABLE[self.name].says.format(who=self.who, value=self.drawn)


def known(weather: str, what: str = "weather") -> str:
    """The weather, if it is one."""
    if weather not in PRESETS:
        raise Misused(f"{what}={weather!r} is unknown: use calm, windy or storm")
    return weather


class History:
    """The decisions that one seed takes, in one weather. put_back: keys of those that take their default instead."""

    def __init__(self, seed: int = 0, weather: str = "calm", put_back: Iterable[str] = ()) -> None:
        self.seed = seed
        self.weather = known(weather)
        self.put_back = frozenset(put_back)
        self.decisions: list[Decision] = []
        self._numbers: dict[tuple[str, str], int] = {}

    def _hash(self, key: str) -> int:
        """64 bits that depend on the seed and this key only, on every machine and Python."""
        digest = blake2b(f"{self.seed} {key}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big")

    def choose(self, decision_key: str, name: str, options: int) -> int:
        """Choose one of so many options, by its index. Somebody who wants to walk all histories overrides this."""
        often, which = divmod(self._hash(decision_key), 2**32)
        if often >= PORTIONS[self._hash(name) % len(PORTIONS)] * 2**32:
            return 0
        if name == "cut":  # short ones most often, and the same one however many bytes there are
            return min(1 + which % (1 << which // 4096 % 12), options - 1)
        return 1 + which % (options - 1)

    def draw(self, name: str, who: str, options: int = 0) -> float:
        """Decide. options: how many there are, if the table does not say; then the choice is a number below it."""
        if self.weather == "calm":
            return 0
        listed = getattr(TABLE[name], self.weather)
        menu: Sequence[float] = range(options) if options else (0, *listed)
        number = self._numbers.get((name, who), 0) + 1
        if len(menu) < 2 or (number > MOST and name != "order"):
            return 0
        self._numbers[name, who] = number
        key = f"{name}/{who}/{number}"
        drawn = menu[0 if key in self.put_back else self.choose(key, name, len(menu))]
        self.decisions.append(Decision(name, who, number, drawn))
        return drawn

    @property
    def departures(self) -> list[Decision]:
        """The decisions that are not the default: what an explanation may need."""
        return [one for one in self.decisions if one.drawn]


class Setting(NamedTuple):
    """What a run was asked for: a seed, or None for another in each test; the default weather; what to put back."""

    seed: int | None
    weather: str
    put_back: frozenset[str]

    def history(self, weather: str | None = None) -> History:
        """The history of a test in its own weather, if it names one."""
        seed = random.SystemRandom().randrange(10**9) if self.seed is None else self.seed
        return History(seed, weather or self.weather, self.put_back)


def setting(environment: Mapping[str, str] = os.environ) -> Setting:
    """Read the environment: SIMULATED_SEED, SIMULATED_WEATHER and SIMULATED_PUT_BACK, each of which may be missing."""
    seed = environment.get("SIMULATED_SEED", "")
    if seed and not (seed.isascii() and seed.isdecimal() and len(seed) < 20):
        raise Misused(f"SIMULATED_SEED={seed!r} is not a whole number, such as 7")
    weather = known(environment.get("SIMULATED_WEATHER") or "calm", "SIMULATED_WEATHER")
    put_back = frozenset(filter(None, environment.get("SIMULATED_PUT_BACK", "").split(",")))
    for key in put_back:
        name, *rest = key.split("/")
        if name not in TABLE or len(rest) != 2 or not rest[1].isdecimal():
            raise Misused(f"SIMULATED_PUT_BACK: {key!r} is not a key such as end/1.server/1")
    return Setting(int(seed) if seed else None, weather, put_back)
