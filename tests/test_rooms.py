"""The rooms of the tool: which may know which, and that set-up needs nothing but Python."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

WORKSHOP = Path(__file__).resolve().parent.parent / "workshop"

MAY_IMPORT = {
    "setup": set(),
    "pictures": set(),
    "simulated": set(),
    "course": set(),
    "board": {"course"},
    "runner": {"course", "setup"},
    "judge": {"course", "runner"},
    "hunt": {"course", "runner", "setup", "simulated"},
    "report": {"course", "hunt", "judge", "runner"},
    "notebook": {"course", "pictures", "runner", "setup"},
    "slides": {"course", "runner"},
    "web": {"course", "setup"},
    "commands": {
        *("board", "course", "hunt", "judge", "notebook", "report", "runner", "setup", "slides"),
        "web",
    },
    "browser": {"commands", "course", "hunt", "judge", "report", "runner"},
    "__main__": {"commands", "setup"},
}
"""By a room, the rooms of which it may know. A room is below all those that may import it."""

TAKEN_HOME = {"simulated"}
"""Rooms whose files import each other relatively, so that the folder works in another package."""


MOST_LINES = 910
"""Of the simulated network, with docstrings: whoever takes it home can read it in an evening."""


def imported(path: Path) -> Iterator[str]:
    """The modules of the tool that a file imports, anywhere in it, by their dotted names."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = node.module
            if node.level:
                room = room_of(path)
                assert room in TAKEN_HOME and node.level == 1, (
                    f"{path}: a relative import hides the room"
                )
                module = f"workshop.{room}.{module}"
            names = [f"{module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == "workshop")


def room_of(path: Path) -> str:
    """The room that a file is in; the name of one that is in none."""
    return path.relative_to(WORKSHOP).with_suffix("").parts[0]


def files() -> list[Path]:
    """The tool's files."""
    return sorted(path for path in WORKSHOP.rglob("*.py") if path != WORKSHOP / "__init__.py")


def test_every_room_is_in_the_table() -> None:
    """No file of the tool is outside a room, but for the one that starts it."""
    assert {room_of(path) for path in files()} == set(MAY_IMPORT)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.relative_to(WORKSHOP).as_posix())
def test_imports_only_what_its_room_may(path: Path) -> None:
    """A file imports its own room, and those that the table names."""
    room = room_of(path)
    used = {name.split(".")[1] for name in imported(path) if name != "workshop"}
    assert used - {room} <= MAY_IMPORT[room]


def test_the_table_has_no_circle() -> None:
    """A room above never is below too: the floors can be counted."""
    floors: dict[str, int] = {}
    while len(floors) < len(MAY_IMPORT):
        ready = [
            one for one, below in MAY_IMPORT.items() if one not in floors and below <= floors.keys()
        ]
        assert ready, f"a circle among {MAY_IMPORT.keys() - floors.keys()}"
        floors |= {one: len({*floors.values()}) for one in ready}
    assert len({*floors.values()}) == 6


def test_the_table_is_no_wider_than_the_code() -> None:
    """What the table allows is used: an arrow that is gone leaves the table too."""
    used: dict[str, set[str]] = {room: set() for room in MAY_IMPORT}
    for path in files():
        used[room_of(path)] |= {name.split(".")[1] for name in imported(path) if name.count(".")}
    assert {room: names - {room} for room, names in used.items()} == MAY_IMPORT


@pytest.mark.parametrize(
    "path", sorted((WORKSHOP / "setup").glob("*.py")), ids=lambda path: path.name
)
def test_set_up_is_the_standard_library_only(path: Path) -> None:
    """Before set-up nothing else need be installed."""
    tree = ast.parse(path.read_text("utf-8"))
    tops = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert tops - {"workshop"} <= set(sys.stdlib_module_names)


@pytest.mark.parametrize(
    "path", sorted((WORKSHOP / "simulated").glob("*.py")), ids=lambda path: path.name
)
def test_the_simulated_network_needs_twisted_only(path: Path) -> None:
    """It can be taken home: it imports Twisted, zope.interface and the standard library."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    tops = {
        name.split(".")[0]
        for node in nodes
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
    }
    assert tops - {"twisted", "zope"} <= set(sys.stdlib_module_names)


def test_files_make_no_circle() -> None:
    """No two files need each other, wherever in them they are imported: each can be read without what imports it."""
    names = {
        path: ".".join(path.relative_to(WORKSHOP.parent).with_suffix("").parts) for path in files()
    }
    modules = {name.removesuffix(".__init__") for name in names.values()}

    def module(name: str) -> str:
        """The module that an import of a name reads."""
        return name if name in modules else name.rpartition(".")[0]

    left = {
        name.removesuffix(".__init__"): {module(one) for one in imported(path)} & modules - {name}
        for path, name in names.items()
    }
    while left:
        ready = [name for name, found in left.items() if not found & left.keys()]
        assert ready, f"a circle among {sorted(left)}"
        for name in ready:
            del left[name]


def test_the_simulated_network_stays_small() -> None:
    """All its lines that are not blank."""
    files = (WORKSHOP / "simulated").rglob("*.py")
    lines = [
        line for file in files for line in file.read_text("utf-8").splitlines() if line.strip()
    ]
    assert len(lines) <= MOST_LINES
