"""`update` from what is not a newer copy of the course: a sentence, and nothing is touched."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from driving import Learner
from releases import COUNT, LOG, NEWER, TABLE, refused, release, saved, swap, zipped

TESTS = "exercises/stage1_echo/test_echo.py"


@pytest.fixture
def learner(tmp_path: Path) -> Iterator[Learner]:
    """A learner with version 1.0 of the made-up course, not a git clone, with some work."""
    (tmp_path / "temp").mkdir()
    learner = Learner(release(tmp_path / "mine"), tmp_path / "temp")
    learner.write(learner.path().read_text("utf-8") + "\n# mine\n")
    yield learner
    learner.nothing_left()


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """Version 2.0."""
    return release(tmp_path / "newer", "2.0", NEWER)


def test_nothing_to_update_from(learner: Learner, tmp_path: Path) -> None:
    """No git and no name, a name that does not exist, this copy itself."""
    refused(learner, None, 2, "not a git clone", "workshop update FILE.zip")
    refused(learner, tmp_path / "none", 2, "There is no")
    refused(learner, learner.root, 2, "is this copy of the course")


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda data: b"<html>Not found</html>", "is not a zip file"),
        (lambda data: b"", "is not a zip file"),
        (lambda data: data[: len(data) // 2], "is not a zip file, or damaged"),
        (lambda data: data.replace(b"VERSION = '2.0'", b"VERSION = '2.1'"), "is damaged"),
    ],
    ids=["html", "empty", "cut", "flipped"],
)
def test_a_damaged_zip(
    learner: Learner, newer: Path, harm: Callable[[bytes], bytes], says: str
) -> None:
    """A download that is not a zip, is cut short, or has a wrong byte."""
    path = zipped(newer)
    before = path.read_bytes()
    path.write_bytes(harm(before))
    assert path.read_bytes() != before
    refused(learner, path, 1, says, "again")


@pytest.mark.parametrize(
    "name",
    ["../out.py", "x/../../out.py", "/out.py", "C:/out.py", "..\\out.py", "exercises//out.py"],
)
def test_a_zip_that_climbs_out(learner: Learner, newer: Path, tmp_path: Path, name: str) -> None:
    """A name that leads out of the folder, on any system, is refused, and nothing is written there."""
    path = zipped(newer)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(zipfile.ZipInfo(name), "out")
    refused(learner, path, 1, "would be written elsewhere")
    assert not list(tmp_path.rglob("out.py")) and not Path("/out.py").exists()


def test_links(learner: Learner, newer: Path) -> None:
    """A symbolic link, in a zip or a folder, is refused; one that belongs to no copy is passed over."""
    refused(learner, zipped(newer, links={"exercises/link.py": "/etc/passwd"}), 1, "link in it")
    (newer / "exercises" / "link.py").symlink_to("/etc/passwd")
    refused(learner, newer, 1, "link in it")
    (newer / "exercises" / "link.py").unlink()
    (newer / ".venv").mkdir()
    (newer / ".venv" / "link").symlink_to("/etc/passwd")
    assert learner.here("update", str(newer)).code == 0
    assert not learner.path(".venv").exists()


def test_a_name_twice(learner: Learner, newer: Path) -> None:
    """A zip that has a file twice is not unpacked."""
    path = zipped(newer)
    with zipfile.ZipFile(path, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("made-up-main/README.md", "again")
    refused(learner, path, 1, "a name twice")


def test_too_large(learner: Learner, newer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A zip that would fill the disk is not unpacked."""
    monkeypatch.setattr("workshop.commands.newer.MOST", 100)
    refused(learner, zipped(newer), 1, "too large")


@pytest.mark.parametrize(
    ("version", "files", "says"),
    [
        ("0.9", {}, "is older, version 0.9; you have 1.0"),
        ("0.10.1", {}, "is older"),
        ("2.0", {"pyproject.toml": '[project]\nname = "other"\n'}, "another project, other"),
        ("2.0", {"pyproject.toml": swap("3.10", "3.99")}, "needs Python 3.99 or newer"),
        ("2.0", {"workshop/__main__.py": None}, "it has no workshop/__main__.py"),
        ("1.0", {"CHANGELOG.md": "# Changelog\n"}, "is older: its CHANGELOG.md lacks"),
    ],
    ids=["older", "older by number", "other project", "newer Python", "not whole", "older log"],
)
def test_another_version(
    learner: Learner, tmp_path: Path, version: str, files: Any, says: str
) -> None:
    """One that is older, another project, not whole, or not for this Python."""
    refused(learner, release(tmp_path / "other", version, files), 1, says)


def test_a_later_number_is_newer(learner: Learner, tmp_path: Path) -> None:
    """1.10 comes after 1.9, though not in the alphabet; an unreleased state comes after the release."""
    for n, version in enumerate(("1.9", "1.10", "2.0rc1", "2.0")):
        folder = release(tmp_path / f"newer{n}", version)
        assert learner.here("update", str(folder)).code == 0, version
    log = {"CHANGELOG.md": LOG % "2.0" + "- Unreleased.\n"}
    assert learner.here("update", str(release(tmp_path / "last", "2.0", log))).code == 0


@pytest.mark.parametrize("name", [TESTS, "exercises/wire.py", TABLE])
def test_a_copy_that_lacks_a_file(learner: Learner, newer: Path, name: str) -> None:
    """A copy that was cut short is refused by the first file that it lacks; so is one with a changed test."""
    if name != TABLE:
        (newer / name).write_text("# changed\n")
        refused(learner, newer, 1, f"{name} in it is not as the course has it")
    (newer / name).unlink()
    refused(learner, newer, 1, f"it has no {name}")


def test_a_table_of_contents_of_the_future(learner: Learner, tmp_path: Path) -> None:
    """Fields that this version does not know do not matter; a table that cannot be read does."""
    newer = release(tmp_path / "newer", "2.0", NEWER)
    table = newer / TABLE
    table.write_text(table.read_text() + '\n[[stage]]\nname = "stage9_new"\nedit = []\nodd = 1\n')
    assert "New stage: stage9_new" in learner.here("update", str(newer)).out
    table.write_text("[[stage]\n")
    shutil.copytree(newer, tmp_path / "worse")
    outcome = Learner(release(tmp_path / "mine2"), learner.temp).here("update", str(newer))
    assert outcome.code == 1 and "course.toml" in outcome.err, outcome.all
    assert ".workshop" not in outcome.err


def test_a_copy_that_somebody_has_worked_in(learner: Learner, newer: Path) -> None:
    """An instructor's copy, with the stages solved: learners get its starters, not its solutions."""
    starter = (newer / COUNT).read_bytes()
    (newer / COUNT).write_text("solved = True\n")
    (newer / ".workshop").mkdir()
    (newer / ".workshop" / "mine").touch()
    assert learner.here("update", str(newer)).code == 0
    assert learner.path(COUNT).read_bytes() == starter
    assert not learner.path(".workshop/mine").exists()


def test_an_offline_folder(learner: Learner, newer: Path) -> None:
    """What `offline` makes comes too: its packages and decks replace the old ones, of which no copies are kept."""
    for room, names in ((learner.root, ("a", "b")), (newer, ("b", "c"))):
        for name in names:
            (room / "wheels").mkdir(exist_ok=True)
            (room / "wheels" / name).write_text(str(room))
    (newer / "OFFLINE.txt").write_text("For rooms without network.\n")
    assert learner.here("update", str(zipped(newer))).code == 0
    assert sorted(path.name for path in learner.path("wheels").iterdir()) == ["b", "c"]
    assert learner.path("wheels/b").read_text() == str(newer)
    assert learner.path("OFFLINE.txt").exists()
    assert not [name for name in saved(learner) if name.startswith("wheels")]
