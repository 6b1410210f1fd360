"""What stage 7's deck says of reactors and connections is what a run on this machine gives."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from decks import read

ROOT = Path(__file__).resolve().parent.parent
CODE = ROOT / "slides" / "code"
DECK = {one.title: one for one in read(ROOT / "slides" / "stage7_everywhere.md").slides}
FIRST, SECOND = "asked for first", "asked for second"


def python(folder: Path, *words: str) -> str:
    """What a process of its own prints: the reactors of these tests are not for the one of pytest."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{CODE}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("reactor", "called"), [("select", [FIRST, SECOND]), ("asyncio", [SECOND, FIRST])]
)
def test_order(tmp_path: Path, reactor: str, called: list[str]) -> None:
    """The order of the two calls is as the deck's table has it."""
    program = f"import stage7_places; print(stage7_places.ordered({reactor!r}))"
    assert python(tmp_path, "-c", program).strip() == str(called)
    (row,) = re.findall(rf"^\| .*{reactor}.* \|$", DECK["Two calls, one after another"].text, re.M)
    first, second = ("first", "second") if called[0] == FIRST else ("second", "first")
    assert f"the {first} request, then the {second}" in row


@pytest.mark.parametrize("reactor", ["select", "asyncio"])
@pytest.mark.parametrize("family", ["TCP4", "TLS"])
def test_half_closed(tmp_path: Path, reactor: str, family: str) -> None:
    """What the two sides have, and how it ended, is as the deck's table has it."""
    title = "The same lines, over TLS"
    (row,) = re.findall(rf"^\| {family[:3]} \|.*", DECK[title].text, re.M)
    _, _, *cells, _ = (cell.strip().strip("`") for cell in row.split("|"))
    server, client = (b"" if cell == "nothing" else cell.encode() for cell in cells[:2])
    program = f"import stage7_places; print(stage7_places.asked({reactor!r}, {family!r}))"
    said = python(tmp_path, "-c", program).strip()
    assert said == str([(server, cells[2]), (client, cells[2])])


def test_contract(tmp_path: Path) -> None:
    """One test in the file, four that run, one in each place; and all of them pass."""
    said = python(tmp_path, "-m", "twisted.trial", "stage7_places")
    assert "PASSED (successes=4)" in said, said
    for place in ("select_TCP4", "select_TLS", "asyncio_TCP4", "asyncio_TLS"):
        assert f"Contract_{place}\n" in said


def test_numbers_of_places() -> None:
    """The numbers that are said of the picture are those that it shows."""
    svg = (ROOT / "slides" / "pictures" / "stage7_places.svg").read_text("utf-8")
    bold = [int(n) for n in re.findall(r'font-weight="bold">(?:everywhere: )?(\d+)<', svg)]
    rows = [bold[i : i + 5] for i in range(0, 25, 5)]
    places = [n for row in rows[:4] for n in row[:4]]
    slide = DECK[f"Where do {rows[4][4]} bugs show?"]
    said = " ".join(slide.text.split())
    assert f"shows {min(places)} to {max(places)} of them" in said
    assert {row[4] for row in rows[:4]} == {21} and "one reactor over any connection 21" in said
    assert f"on any reactor {min(rows[4][:4])} to {max(rows[4][:4])}," in said
    assert f"all together {rows[4][4]}." in said
    assert rows[2][0] == 10 and "On Linux: epoll and TCP4, so 10." in " ".join(slide.notes.split())
