"""A hunt: run tests through histories until one fails, then drop every decision of the weather that is not needed.

found = hunt("test_poem.Poem.test_all", "windy", 1000)
if found:
    print(found.said, found.failure, *found.timeline, found.command, sep="\\n")
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from workshop.course import TOOL, Course, CourseError, load
from workshop.hunt.crew import HERE, Crew, Job, Target, Unusable, target
from workshop.hunt.found import Found, Walked
from workshop.hunt.histories import Choice, following, written
from workshop.hunt.shrink import shrink
from workshop.simulated.weather import TABLE

make_crew: Callable[..., Crew] = Crew
"""Starts what runs the tests. The browser has its own."""
CORES = os.cpu_count() or 1
LIMIT = 10.0
"""Seconds of real time that one history may take."""
HISTORIES, FEWEST = 10_000, 100
"""Histories of a hunt if nobody says how many seeds: in all, and at least of each test."""
MOST_WALKED = 50_000
"""Histories of a test that a walk through all of them tries, if nobody says more."""
PART = 0.5
"""Seconds between two reports of a process, about. Each begins a fork, which costs as much as some twenty histories."""
FIRST_PART, MOST_IN_PART = 16, 5_000
FEWEST_IN_PART, MOST_WALKED_IN_PART = 50, 500
GONE = ("hung", "died")
SOON = 0.5
"""Seconds after which a history counts as hung while one that hangs is shrunk."""
MOST_PUT_BACK = 200
"""Rounds in which decisions are put back, since each round may bring up others."""
MOST_UNSTEADY = 5
"""Failures that do not come again, after which a search ends: nothing that it finds would be certain."""
ROWS = tuple(TABLE)


@dataclass
class Hunt:
    """A hunt, with what is known so far.

    Attributes:
        limit: Seconds of real time that one history may take.
        rows: The rows of the weather table that may differ from calm weather; None for all.
        progress: Is called with what is done now, in a few words.
        calm: The tests that fail in calm weather, with the failure's kind and text.
        skipped: The tests that are skipped, with the reason.
        idle: The tests that met no weather: they use no network.
        unsteady: Histories that failed, and passed when they were run alone: the test, and which history.
        ran, total: Histories that were run, and are to be run.
        failures: By test, the seeds of histories that failed.
        now: What is known of the failure that is shrunk now: its test, its seed and its text; None before that.
    """

    target: Target
    weather: str = "windy"
    rows: Collection[str] | None = None
    limit: float = LIMIT
    cores: int = CORES
    known: tuple[str, ...] = ()
    progress: Callable[[str], None] = lambda text: None
    tests: list[str] = field(default_factory=list)
    calm: dict[str, tuple[str, str]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    idle: list[str] = field(default_factory=list)
    unsteady: list[tuple[str, str]] = field(default_factory=list)
    failures: dict[str, list[int]] = field(default_factory=dict)
    ran: int = 0
    total: int = 0
    now: tuple[str, int, str] | None = None
    _crew: Crew | None = None

    def __enter__(self) -> Hunt:
        """Import the tests.

        Raises:
            Unusable: There are none.
        """
        self.progress(f"Importing {self.target.name}")
        self._crew = make_crew(self.target, self.limit, self.cores, self.known)
        self.tests = self._crew.tests
        return self

    def __exit__(self, *_: object) -> None:
        assert self._crew is not None
        self._crew.close()

    @property
    def crew(self) -> Crew:
        """The processes."""
        assert self._crew is not None
        return self._crew

    # Histories of seeds

    def calm_first(self) -> list[int]:
        """Run each test in calm weather. Return the numbers of those that pass, and are not skipped."""
        self.progress(f"Running {len(self.tests)} tests in calm weather")
        everything = list(range(len(self.tests)))
        parts = [everything[n :: self.cores] for n in range(self.cores)]
        jobs = [_sweep(part, 0, 0, len(part), "calm", None, stop=False) for part in parts if part]
        failed: dict[int, tuple[str, str]] = {}
        skipped: dict[int, str] = {}
        for _, job, answer, _ in self.crew.each(iter(jobs)):
            for one in answer["failures"]:
                failed[job["tests"][one["at"]]] = one["kind"], one["text"]
            skipped |= {int(number): reason for number, reason in answer["skipped"].items()}
        self.calm = {self.tests[n]: failed[n] for n in sorted(failed)}
        self.skipped = {self.tests[n]: skipped[n] for n in sorted(skipped) if n not in failed}
        return [n for n in everything if n not in failed and n not in skipped]

    def find(self, active: list[int], seeds: int | None = None, first: int = 1) -> Found | None:
        """Run tests through so many seeds, up to the first history that fails; shrink that one."""
        active = self._meet(active, first)
        self._plan(active, seeds)
        begin = 0
        while active and begin < self.total:
            failure = self._first_failure(active, begin, first)
            if failure is None:
                break
            at, kind = int(failure["at"]), failure["kind"]
            turn, which = divmod(at, len(active))
            if found := self.explain(active[which], first + turn, kind):
                return found
            self.unsteady.append((self.tests[active[which]], f"seed {first + turn}"))
            if len(self.unsteady) >= MOST_UNSTEADY:
                break
            begin = at + 1
        return None

    def count(
        self, active: list[int], seeds: int | None = None, first: int = 1
    ) -> dict[str, list[int]]:
        """Run tests through so many seeds; return, by test, the seeds with which it failed."""
        active = self._meet(active, first)
        self._plan(active, seeds)
        for answer in self._sweep(active, 0, first, stop=False):
            for one in answer["failures"]:
                turn, which = divmod(one["at"], len(active))
                self.failures.setdefault(self.tests[active[which]], []).append(first + turn)
        self.failures = {
            test: sorted(self.failures[test]) for test in self.tests if test in self.failures
        }
        return self.failures

    def _meet(self, active: list[int], first: int) -> list[int]:
        """Run the first seed, to see which tests meet the weather. Return those that do."""
        if not active:
            return []
        job = _sweep(active, first, 0, len(active), self.weather, self._rows(), stop=False)
        answer = self.crew.ask(job)
        idle = set(answer["idle"])
        self.idle = [self.tests[n] for n in active if n in idle]
        # A test may be skipped, or not, by what it meets.
        return [n for n in active if n not in idle]

    def _plan(self, active: Sequence[int], seeds: int | None) -> None:
        each = seeds or max(FEWEST, HISTORIES // max(1, len(active)))
        self.total = each * len(active)

    def _rows(self) -> list[str] | None:
        return None if self.rows is None else sorted(self.rows)

    def _sweep(self, active: list[int], begin: int, first: int, stop: bool) -> Iterator[Job]:
        """Run all histories from a place on, in parts; yield the answers. With stop, no part is begun after a failure."""
        size, failed = FIRST_PART, False

        def jobs() -> Iterator[Job]:
            at = begin
            while at < self.total and not failed:
                end = min(self.total, at + size)
                yield _sweep(active, first, at, end, self.weather, self._rows(), stop)
                at = end

        self.ran = begin
        for _, _, answer, seconds in self.crew.each(jobs()):
            size = max(
                1, min(int(answer["ran"] / max(seconds, 1e-3) * PART), 2 * size, MOST_IN_PART)
            )
            failed = failed or (stop and bool(answer["failures"]))
            self.ran += answer["ran"]
            many = sum(map(len, self.failures.values()))
            said = f", {many} failed" if many else ""
            self.progress(f"{self.weather}: {self.ran} of {self.total} histories{said}")
            yield answer

    def _first_failure(self, active: list[int], begin: int, first: int) -> Job | None:
        """The first history that fails, from a place on; None if none does."""
        found: list[Job] = []
        for answer in self._sweep(active, begin, first, stop=True):
            found += answer["failures"]
        if not found:
            return None
        best = min(found, key=lambda one: int(one["at"]))
        # How far the parts came that ran beside this one is a matter of speed: they do not count.
        self.ran = int(best["at"]) + 1
        return best

    # Why

    def explain(self, number: int, seed: int, kind: str = "") -> Found | None:
        """Run a history that failed alone, and shrink it; None if it does not fail alone. kind: how it failed."""
        name = self.tests[number]
        base: Job = {"do": "replay", "test": number, "weather": self.weather}
        whole: Job = {"seed": seed, "rows": self._rows()}
        self.progress(f"{name} fails with seed {seed}: running it alone")
        before: Job = {"kind": kind} if kind in GONE else self.crew.ask(base | whole)
        if before["kind"] in GONE:
            base |= {"limit": min(SOON, self.limit), "noted": True}
            before = self.crew.ask(base | whole)
        if not before["kind"]:
            return None
        self.now = name, seed, before["text"]
        tries = 0

        def fails(some: list[Choice]) -> bool:
            nonlocal tries
            tries += 1
            self.progress(f"{name} fails with seed {seed}: shrinking, {tries} histories tried")
            options = {one.key: one.option for one in some}
            return bool(self.crew.ask(base | {"options": options})["kind"] == before["kind"])

        needed = shrink([Choice(*one) for one in before["choices"]], fails)
        answer = self._settle(seed, before, {one.key for one in needed}, base)
        return self._found(name, seed, answer, len(before["choices"]))

    def _settle(self, seed: int, before: Job, keys: set[str], base: Job) -> Job:
        """Find what to put back of a seed's history, so that only these decisions are left; run that, and record it.

        If the failure does not come then, which only a test does that is not the same each time, nothing is put back.
        """
        put_back: set[str] = set()
        job = base | {"seed": seed, "rows": None}
        for _ in range(MOST_PUT_BACK):
            answer = self.crew.ask(job | {"put_back": sorted(put_back)})
            more = {one[0] for one in answer["choices"]} - keys
            if not more:
                break
            put_back |= more
        answer = self.crew.ask(job | {"put_back": sorted(put_back), "record": True})
        if answer["kind"] == before["kind"]:
            return answer
        return self.crew.ask(base | {"seed": seed, "rows": self._rows(), "record": True})

    def _found(self, name: str, seed: int | None, answer: Job, before: int = 0) -> Found:
        decisions = tuple(Choice(*one) for one in answer["choices"])
        weather = answer["weather"] if decisions else "calm"
        away = f"PYTHONPATH={shlex.quote(self.target.away)} " * bool(self.target.away)
        again = f"{away}{TOOL} hunt {name}"
        if decisions:
            again += " --weather storm" * (weather == "storm")
            again += f" --decisions {shlex.quote(','.join(map(written, decisions)))}"
        return Found(
            test=name,
            seed=seed,
            weather=weather,
            decisions=decisions,
            failure=answer["text"],
            kind=answer["kind"],
            timeline=tuple(answer["timeline"]),
            command=f"{away}{answer['command']}" if answer["command"] and seed is not None else "",
            again=again,
            before=before,
        )

    def replay(self, options: Mapping[str, int], number: int = 0) -> Found | None:
        """Run a test in the history of these decisions; None if it passes."""
        job = {"do": "replay", "test": number, "weather": self.weather, "options": dict(options)}
        answer = self.crew.ask(job | {"record": True})
        if answer["kind"] in GONE:
            answer = self.crew.ask(job | {"record": True, "noted": True, "limit": SOON})
        return self._found(self.tests[number], None, answer) if answer["kind"] else None

    # All histories

    def walk(self, number: int, most: int = MOST_WALKED, cuts: int = 1) -> Walked:
        """Run a test through all histories, those with fewer decisions first, up to the first that fails.

        Args:
            most: Histories to run at most; if there are more, the walk is not complete.
            cuts: How many reads and sends of each direction may be cut, slow or late.
        """
        name, rows = self.tests[number], ROWS if self.rows is None else self.rows
        level: list[dict[str, int]] = [{}]
        whole = True
        self.ran = 0
        while level:
            before, begin = self.ran, 0
            later: dict[int, list[tuple[str, int]]] = {}
            while (failed := self._level(number, level, begin, later)) is not None:
                if found := self.replay(level[failed], number):
                    return Walked(name, before + failed + 1, False, found)
                self.unsteady.append((name, ", ".join(level[failed]) or "calm weather"))
                if len(self.unsteady) >= MOST_UNSTEADY:
                    return Walked(name, before + failed + 1, False, None)
                begin = failed + 1
            self.ran = before + len(level)
            if not whole:
                break
            # A level may be larger than what is left to walk.
            left = most - self.ran
            level = list(islice(_next(level, later, rows, cuts), left + 1))
            whole = len(level) <= left
            level = level[:left]
        return Walked(name, self.ran, whole, None)

    def _level(
        self,
        number: int,
        histories: list[dict[str, int]],
        begin: int,
        later: dict[int, list[tuple[str, int]]],
    ) -> int | None:
        """Run histories from a place on; add the later decisions of each; return which is the first that failed, if any."""
        many = len(histories) - begin
        size = min(MOST_WALKED_IN_PART, max(FEWEST_IN_PART, many // (2 * self.cores)))
        failed: int | None = None
        short = self.tests[number].rpartition(".")[2]

        def jobs() -> Iterator[Job]:
            for at in range(begin, len(histories), size):
                if failed is not None:
                    return
                part = histories[at : at + size]
                yield {"do": "walk", "test": number, "weather": self.weather, "histories": part}

        for part, _, answer, _ in self.crew.each(jobs()):
            for n, one in enumerate(answer["later"]):
                later[begin + part * size + n] = [(key, options) for key, options in one]
            for one in answer["failures"]:
                at = begin + part * size + one["at"]
                failed = at if failed is None else min(failed, at)
            self.ran += len(answer["later"])
            self.progress(f"{short}: {self.ran} histories walked")
        return failed


def _next(
    level: list[dict[str, int]],
    later: Mapping[int, list[tuple[str, int]]],
    rows: Collection[str],
    cuts: int,
) -> Iterator[dict[str, int]]:
    """The histories with one more decision than those of a level."""
    for n, history in enumerate(level):
        yield from following(history, later[n], rows, cuts)


def _sweep(
    tests: list[int], first: int, begin: int, end: int, weather: str, rows: Any, stop: bool
) -> Job:
    """A job: the histories from one number up to another."""
    return {
        "do": "sweep",
        "tests": tests,
        "first": first,
        "histories": [begin, end],
        "weather": weather,
        "rows": rows,
        "stop": stop,
    }


def course_here() -> Course | None:
    """The course that this tool belongs to, if its files are there."""
    try:
        return load(HERE)
    except CourseError:
        return None


def names(course: Course | None) -> tuple[str, ...]:
    """The names of a course's stages."""
    stages = course.stages if course else ()
    return tuple(stage.name for stage in stages)


def hunt(
    what: str,
    weather: str = "windy",
    seeds: int | None = None,
    *,
    first: int = 1,
    paths: Sequence[Path] = (),
    limit: float = LIMIT,
    cores: int = CORES,
) -> Found | None:
    """Hunt for a history in which a test fails; return it, shrunk, or None. A failure in calm weather comes first.

    Args:
        what: A stage, a file, or the name of a module, a class or a test.
        paths: Folders to import it from, before all others.

    Raises:
        Unusable: There are no such tests, or each of them is skipped.
    """
    course = course_here() if not paths else None
    found = target(what, course)
    found = Target(found.name, (*map(str, paths), *found.paths), found.away)
    with Hunt(found, weather, limit=limit, cores=cores) as running:
        active = running.calm_first()
        if running.calm:
            name, (kind, text) = next(iter(running.calm.items()))
            return Found(name, None, "calm", (), text, kind)
        if not active:
            raise Unusable(f"{what} is skipped: {next(iter(running.skipped.values()))}")
        return running.find(active, seeds, first)
