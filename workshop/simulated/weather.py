"""Weather: what a seed may decide, within which bounds; and a history, the sequence of these decisions.

Every decision is a choice from a short menu. Its first entry is the default: what a quiet loopback does. A decision
depends on the seed and on its own key only, so that putting one back to the default leaves the others as they were.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from .errors import Misused

Value = float
DELAYS = (0.001, 0.01, 0.1)


class Row(NamedTuple):
    """A line of the weather table: a name, its default, the other choices by preset, and a sentence about a choice."""

    name: str
    calm: Value
    windy: tuple[Value, ...]
    storm: tuple[Value, ...]
    says: str


WHOLE, ONE, HALF, MOST = 0, 1, 2, 3
CUTS = (ONE, HALF, MOST)
"""What a read returns of the bytes that have arrived: all, the first, the first half, all but the last."""

TABLE = {
    row.name: row
    for row in (
        Row("connect", 0, DELAYS, DELAYS, "the attempt of {who} takes {value:g} s"),
        Row("accept", 0, DELAYS, DELAYS, "{who} is accepted {value:g} s late"),
        Row("latency", 0, DELAYS, DELAYS, "{who}'s bytes take {value:g} s"),
        Row("end", 0, DELAYS, DELAYS, "{who}'s end comes {value:g} s late"),
        Row("cut", WHOLE, CUTS, CUTS, "a read of {who}'s bytes returns {part}"),
        Row("slow", 0, DELAYS, DELAYS, "the reader of {who}'s bytes stays away for {value:g} s"),
        Row("room", 0, (4096, 256), (4096, 256, 16), "{who} holds {value:g} bytes"),
        Row("order", 0, (), (), "{who} is ready first, but another goes before it"),
        Row("thread", 0, DELAYS, DELAYS, "{who} takes {value:g} s"),
        Row("refuse", 0, (), (1,), "{who} is refused"),
        Row("lose", 0, (), (1,), "the connection of {who} is lost"),
    )
}
"""What a seed may decide. The menu of "order" is as long as the number of those that are due."""
PRESETS = ("calm", "windy", "storm")
USE = "use calm, windy or storm"
PARTS = {ONE: "one byte", HALF: "the first half", MOST: "all but the last byte"}
PORTIONS = (0.0, 0.1, 0.3, 0.7)
"""How often a history departs from a default, by row: each history draws one of these for each row, so that some have
only late ends, and others all at once."""
MOST_CUTS = 40
"""Cuts, slow reads and late bytes of one direction; after so many it is calm. A long stream stays affordable."""


class Decision(NamedTuple):
    """One decision of a history: the row of the table, what it is about, its number there, its default, and the draw."""

    name: str
    who: str
    number: int
    default: Value
    drawn: Value

    @property
    def key(self) -> str:
        """Identifies this decision in every history of the same seed."""
        return f"{self.name}/{self.who}/{self.number}"

    def __str__(self) -> str:
        says = TABLE[self.name].says
        return says.format(who=self.who, value=self.drawn, part=PARTS.get(int(self.drawn)))


class History:
    """The decisions that one seed takes, in one weather. departures: those that are not the default, in their order.

    put_back: keys of decisions that take their default instead, as if the weather were calm there.
    """

    def __init__(self, seed: int = 0, weather: str = "calm", put_back: Iterable[str] = ()) -> None:
        if weather not in PRESETS:
            raise Misused(f"unknown weather {weather!r}: {USE}")
        self.seed = seed
        self.weather = weather
        self.put_back = frozenset(put_back)
        self.decisions: list[Decision] = []
        self._numbers: dict[tuple[str, str], int] = {}
        self._often: dict[str, int] = {}
        self._menus: dict[str, tuple[Value, ...]] = {}

    def _hash(self, key: str) -> int:
        """64 bits that depend on the seed and this key only, on every machine and Python."""
        digest = blake2b(f"{self.seed} {key}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big")

    def menu(self, name: str) -> tuple[Value, ...]:
        """What a decision of this row chooses from; the first is the default."""
        row = TABLE[name]
        return (row.calm, *{"calm": (), "windy": row.windy, "storm": row.storm}[self.weather])

    def choose(self, decision_key: str, name: str, options: int) -> int:
        """Choose one of so many options, by its index. Somebody who wants to walk all histories overrides this."""
        often = self._often.get(name)
        if often is None:
            portion = PORTIONS[self._hash(name) % len(PORTIONS)]
            often = self._often[name] = int(portion * 2**32)
        drawn = self._hash(decision_key)
        if drawn >> 32 >= often:
            return 0
        return 1 + (drawn & 0xFFFFFFFF) % (options - 1)

    def draw(self, name: str, who: str, options: int = 0) -> Value:
        """Decide. options: how many there are, if the table does not say; then the choice is a number below it."""
        menu: Sequence[Value]
        if options and self.weather != "calm":
            menu = range(options)
        else:
            menu = self._menus.get(name) or self._menus.setdefault(name, self.menu(name))
        if len(menu) < 2:
            return menu[0]
        number = self._numbers.get((name, who), 0) + 1
        self._numbers[name, who] = number
        if number > MOST_CUTS and not options:
            return menu[0]
        key = f"{name}/{who}/{number}"
        drawn = menu[0 if key in self.put_back else self.choose(key, name, len(menu))]
        self.decisions.append(Decision(name, who, number, menu[0], drawn))
        return drawn

    @property
    def departures(self) -> list[Decision]:
        """The decisions that are not the default: what an explanation may need."""
        return [one for one in self.decisions if one.drawn != one.default]


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
    text = environment.get("SIMULATED_SEED", "")
    if text and not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise Misused(f"SIMULATED_SEED={text!r} is not a whole number, such as 7")
    seed = int(text) if text else None
    weather = environment.get("SIMULATED_WEATHER") or "calm"
    if weather not in PRESETS:
        raise Misused(f"SIMULATED_WEATHER={weather!r} is unknown: {USE}")
    put_back = frozenset(filter(None, environment.get("SIMULATED_PUT_BACK", "").split(",")))
    for key in put_back:
        name, *rest = key.split("/")
        if name not in TABLE or len(rest) != 2 or not rest[1].isdecimal():
            raise Misused(
                f"SIMULATED_PUT_BACK: {key!r} is not the key of a decision, such as end/1.server/1"
            )
    return Setting(seed, weather, put_back)
