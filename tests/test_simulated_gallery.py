"""The gallery of teardowns on the simulated network: as on real reactors in calm weather; the wrong ones found in wind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import posix
from test_gallery import ALWAYS, NAMES, NEVER

from workshop.hunt.crew import Target
from workshop.hunt.search import Hunt

pytestmark = posix
TESTS = Path(__file__).resolve().parent
SOON, MANY = 50, 400
LUCKY = ["Teardown3Unwaited", "Teardown4Port", "Teardown5Client", "Teardown7PortAndClient"]
"""Those that pass on the quiet line only if the server is quick."""


def named(name: str, line: str) -> str:
    """A teardown's test on a line, in hunt_gallery.py."""
    return f"hunt_gallery.{name}_{line.replace('-', '_')}.test_hello"


@pytest.fixture(scope="module")
def gallery() -> Iterator[Hunt]:
    """The gallery on all of its lines, after calm weather."""
    with Hunt(Target("hunt_gallery", (str(TESTS), str(TESTS.parent)))) as running:
        running.calm_first()
        yield running


def test_calm_is_as_on_every_real_reactor(gallery: Hunt) -> None:
    """What always fails fails, what never fails does not; on the quiet line, the lucky ones are lucky here too."""
    always = {named(name, line) for line, names in ALWAYS.items() for name in names}
    assert set(gallery.calm) == always
    assert {kind for kind, _ in gallery.calm.values()} == {"DirtyReactorAggregateError"}


def test_luck_on_the_quiet_line_ends(gallery: Hunt) -> None:
    """Those that are lucky fail in one of the first histories. One that waits for the side that ends last cannot fail."""
    numbers = [gallery.tests.index(named(name, "quiet")) for name in NAMES[2:-1]]
    failed = gallery.count(numbers, SOON)
    assert list(failed) == [named(name, "quiet") for name in LUCKY]


def test_the_right_one_never_fails(gallery: Hunt) -> None:
    """On no line, in no history."""
    numbers = [gallery.tests.index(named(NAMES[-1], line)) for line in NEVER]
    gallery.failures = {}
    assert gallery.count(numbers, MANY) == {}
    assert gallery.ran >= MANY
