"""`export` and `import` move a learner's work between copies of the course, and lose nothing of it."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from driving import ECHO, HALF, MINI, SOLVED, STARTER, TESTS, Learner, Outcome
from releases import COUNT, NEWER, release

from workshop.course import load

PASSED, HINTS, ABOUT = ".workshop/passed.json", ".workshop/hints.json", ".workshop/export.json"


@pytest.fixture
def other(mini: Learner, tmp_path: Path) -> Learner:
    """Another copy of the course, on another machine."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "other temp").mkdir()
    learner = Learner(tmp_path / "elsewhere" / "course", tmp_path / "other temp")
    for name, data in mini.files().items():
        learner.path(name).parent.mkdir(parents=True, exist_ok=True)
        learner.write(data, name)
    return learner


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the zip goes."""
    return tmp_path / "work.zip"


def zipped(file: Path, files: Mapping[str, str | bytes], how: int = zipfile.ZIP_STORED) -> str:
    """Make a zip; its path."""
    with zipfile.ZipFile(file, "w", how) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return str(file)


def about(version: str = "", **more: object) -> str:
    """What the page writes about a zip."""
    return json.dumps({"course": title(), "version": version, **more})


def title() -> str:
    """The title of the miniature course."""
    return load(MINI).title


def unpacked(file: Path) -> dict[str, bytes]:
    """A zip's files."""
    with zipfile.ZipFile(file) as made:
        return {name: made.read(name) for name in made.namelist()}


def saved(learner: Learner) -> list[dict[str, bytes]]:
    """What was saved, by folder."""
    return [
        {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
        for folder in sorted((learner.root / ".workshop" / "saved").glob("*"))
    ]


def whole(learner: Learner) -> dict[str, bytes]:
    """All files, those that the tool keeps for itself too, but for its locks and copies."""
    return {
        path.relative_to(learner.root).as_posix(): path.read_bytes()
        for path in learner.root.rglob("*")
        if path.is_file() and path.parent.name != "provided"
    }


def refused(learner: Learner, path: str, *words: str) -> Outcome:
    """The zip is refused with one sentence that has these words, and nothing is changed."""
    before = whole(learner)
    outcome = learner.here("import", path)
    assert outcome.code in (1, 2), outcome.all
    assert "Traceback" not in outcome.all
    said = " ".join(outcome.err.split())
    assert all(word in said for word in words), said
    assert whole(learner) == before
    return outcome


def test_there_and_back(mini: Learner, other: Learner, file: Path) -> None:
    """Work moves to another machine and back: files, steps that passed, hints that were shown; what it replaces is saved."""
    mini.write(HALF)
    assert mini.here("run", "1").code == 1
    assert mini.here("hint", "1", "2").code == 0
    outcome = mini.here("export", str(file))
    assert outcome.code == 0, outcome.all
    assert f"Exported: {ECHO}" in outcome.out
    assert unpacked(file).keys() == {ECHO, PASSED, HINTS, ABOUT}

    other.write(b"mine\r\n")
    outcome = other.here("import", str(file))
    assert outcome.code == 0, outcome.all
    assert f"Imported: {ECHO}" in outcome.out
    assert other.path().read_bytes() == mini.path().read_bytes()
    assert saved(other) == [{ECHO: b"mine\r\n"}]
    for name in (PASSED, HINTS):
        assert json.loads(other.path(name).read_text()) == json.loads(mini.path(name).read_text())
    assert "2 of 3" in other.here("hint", "1", "2").out

    other.write(SOLVED)
    file.unlink()
    assert other.here("export", str(file)).code == 0
    assert mini.here("import", str(file)).code == 0
    assert mini.path().read_text("utf-8") == SOLVED
    assert saved(mini) == [{ECHO: HALF.encode()}]


def test_only_what_is_edited(mini: Learner, file: Path) -> None:
    """A file that is its starter is not exported; one that others have edited keeps their edit."""
    mini.write("# mine\n", COUNT)
    assert mini.here("export", str(file)).code == 0
    assert set(unpacked(file)) & {ECHO, COUNT} == {COUNT}
    mini.write(HALF)
    assert mini.here("import", str(file)).code == 0
    assert mini.path().read_text("utf-8") == HALF


def test_nothing_to_export(mini: Learner, file: Path) -> None:
    """Without any work, there is a sentence and no file."""
    outcome = mini.here("export", str(file))
    assert outcome.code == 1 and "nothing to export" in outcome.err
    assert not file.exists()


def test_export_replaces_nothing(mini: Learner, file: Path) -> None:
    """A file that is there stays as it is."""
    mini.write(HALF)
    file.write_text("mine")
    outcome = mini.here("export", str(file))
    assert outcome.code == 1 and "is there already" in " ".join(outcome.err.split())
    assert file.read_text() == "mine"


def test_from_the_page(mini: Learner, file: Path) -> None:
    """The page's zip is taken: it says its version, but has no starters, and other things that it remembers."""
    files = {ECHO: HALF, ABOUT: about("1.0"), ".workshop/asked.json": "{}", PASSED: "{}"}
    outcome = mini.here("import", zipped(file, files))
    assert outcome.code == 0, outcome.all
    assert mini.path().read_text("utf-8") == HALF
    assert "Left out" not in outcome.out
    assert not (mini.root / ".workshop" / "asked.json").exists()


def test_a_zip_by_hand(mini: Learner, file: Path) -> None:
    """A zip of the folder exercises/, or of the whole course, is taken too, with nothing said about the provided files."""
    mini.write(HALF)
    files = {f"my course/{name}": data for name, data in mini.files().items()}
    files["__MACOSX/my course/._x"] = b"?"
    mini.write(STARTER)
    outcome = mini.here("import", zipped(file, files, zipfile.ZIP_DEFLATED))
    assert outcome.code == 0, outcome.all
    assert "Left out" not in outcome.out
    assert mini.path().read_text("utf-8") == HALF


def test_only_files_that_learners_edit(mini: Learner, file: Path) -> None:
    """A changed test, the tool and other files are left out, which is said; the learner's own file is taken."""
    before = whole(mini)
    files = {
        ECHO: HALF,
        TESTS: "# easier\n",
        "workshop/__main__.py": "# evil\n",
        "solutions/stage1_echo/echo.py": "# evil\n",
        ".git/hooks/pre-commit": "# evil\n",
        ".workshop/verdicts/x": "# evil\n",
        "exercises/stage1_echo/mine.py": "# mine\n",
    }
    outcome = mini.here("import", zipped(file, files))
    assert outcome.code == 0, outcome.all
    assert f"Left out, since it is not a file that you edit: {TESTS}" in " ".join(
        outcome.out.split()
    )
    after = whole(mini)
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    assert {name for name in changed if "/saved/" not in name} == {ECHO}


def test_the_same_again(mini: Learner, file: Path) -> None:
    """A second import changes nothing, and saves nothing."""
    path = zipped(file, {ECHO: HALF})
    assert mini.here("import", path).code == 0
    outcome = mini.here("import", path)
    assert outcome.code == 0 and "Nothing to do" in outcome.out
    assert len(saved(mini)) == 1


def test_what_is_remembered_is_joined(mini: Learner, file: Path) -> None:
    """Steps and hints of both are remembered; what has another form is not taken."""
    (mini.root / ".workshop").mkdir()
    mini.write(json.dumps({"stage1_echo": {"Step01": "a"}, "stage2_count": {}}), PASSED)
    mini.write("[1]", HINTS)
    theirs = {
        PASSED: '{"stage1_echo": {"Step02": "b"}, "x": 3}',
        HINTS: '{"stage1_echo Close": 2, "y": "z"}',
    }
    assert mini.here("import", zipped(file, {ECHO: HALF, **theirs})).code == 0
    assert json.loads(mini.path(PASSED).read_text()) == {
        "stage1_echo": {"Step02": "b"},
        "stage2_count": {},
    }
    assert json.loads(mini.path(HINTS).read_text()) == {"stage1_echo Close": 2}


# Another version


@pytest.fixture
def versions(tmp_path: Path) -> Iterator[tuple[Learner, Learner]]:
    """A learner's copy of version 1.0, and one of 2.0, in which echo.py begins with another docstring."""
    learners = []
    for name, folder in (
        ("old", release(tmp_path / "old")),
        ("new", release(tmp_path / "new", "2.0", NEWER)),
    ):
        (tmp_path / f"temp {name}").mkdir()
        learners.append(Learner(folder, tmp_path / f"temp {name}"))
    yield learners[0], learners[1]


def test_merged_with_a_newer_version(versions: tuple[Learner, Learner], file: Path) -> None:
    """If the starter has changed since, its changes are merged into the file; the other way round, too."""
    old, new = versions
    text = old.path().read_text("utf-8")
    work = text.replace(
        'raise NotImplementedError("Step 1: send the data back")', "self.transport.write(data)"
    )
    assert work != text
    old.write(work)
    assert old.here("export", str(file)).code == 0
    outcome = new.here("import", str(file))
    assert outcome.code == 0, outcome.all
    assert f"Merged with the changes of this version: {ECHO}" in " ".join(outcome.out.split())
    arrived = new.path().read_text("utf-8")
    assert "self.transport.write(data)" in arrived and "An echo, in a few steps." in arrived
    file.unlink()
    assert new.here("export", str(file)).code == 0
    assert old.here("import", str(file)).code == 0
    assert old.path().read_text("utf-8") == work


def test_what_cannot_be_merged(versions: tuple[Learner, Learner], file: Path) -> None:
    """If both have changed the same lines, the zip is refused, with the file and the line, and what to do."""
    old, new = versions
    old.write(old.path().read_text("utf-8").replace("An echo, in three steps.", "My echo."))
    assert old.here("export", str(file)).code == 0
    refused(new, str(file), "version 1.0", "this is version 2.0", f"{ECHO}, line 1", "export again")


def test_an_older_starter_is_no_work(versions: tuple[Learner, Learner], file: Path) -> None:
    """A file of another version in which nothing was written takes the place of nothing here."""
    old, new = versions
    starter = old.path().read_text("utf-8")
    new.write(HALF)
    starters = {ECHO: starter, COUNT: old.path(COUNT).read_text("utf-8")}
    files = {ECHO: starter, COUNT: "# mine\n", ABOUT: about("1.0", starters=starters)}
    assert new.here("import", zipped(file, files)).code == 0
    assert new.path().read_text("utf-8") == HALF
    assert new.path(COUNT).read_text("utf-8") == "# mine\n"


def test_another_version_without_starters(versions: tuple[Learner, Learner], file: Path) -> None:
    """If a zip of another version does not say what its files began as, they are taken only if nothing is to be merged."""
    _, new = versions
    files = {ECHO: HALF, ABOUT: about("1.0")}
    refused(new, zipped(file, files), "version 1.0", "Nothing was changed")
    files = {ECHO: HALF, ABOUT: about("2.0")}
    assert new.here("import", zipped(file, files)).code == 0


# Refused


@pytest.mark.parametrize(
    "name", ["/etc/x", "../x", "exercises/../../x", "C:/x", "exercises/stage1_echo/../../../../x"]
)
def test_paths_outside(mini: Learner, file: Path, name: str) -> None:
    """A path that leads out of the course: the whole zip is refused."""
    refused(mini, zipped(file, {ECHO: HALF, name: "x"}), "leads out of the course")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is not a zip file"),
        (b"PK\x03\x04", "is not a zip file"),
        (b"hello" * 1000, "is not a zip file"),
    ],
    ids=["empty", "begun", "text"],
)
def test_no_zip(mini: Learner, file: Path, data: bytes, words: str) -> None:
    """Anything else than a zip."""
    file.write_bytes(data)
    refused(mini, str(file), words)


def test_no_file(mini: Learner, tmp_path: Path) -> None:
    """No such file, or a folder."""
    refused(mini, str(tmp_path / "none.zip"), "There is no")
    refused(mini, str(tmp_path), "is a folder")


def test_other_zips(mini: Learner, file: Path) -> None:
    """A zip of something else, of another course, with nothing in it, or with a file twice."""
    refused(mini, zipped(file, {"a.txt": "x"}), "has no file that learners of this course edit")
    refused(mini, zipped(file, {}), "has no file")
    other = json.dumps({"course": "Cooking", "version": "1"})
    refused(mini, zipped(file, {ECHO: HALF, ABOUT: other}), "another course: Cooking")
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(file, "w") as made:
        made.writestr(ECHO, HALF)
        made.writestr(ECHO, SOLVED)
    refused(mini, str(file), "has a name twice")


def test_too_large(mini: Learner, file: Path) -> None:
    """A zip that unpacks to more than any learner has written is refused before it is unpacked."""
    files = {ECHO: HALF, COUNT: b"\0" * 30_000_000}
    refused(mini, zipped(file, files, zipfile.ZIP_DEFLATED), "too large")


def test_a_password(mini: Learner, file: Path) -> None:
    """An encrypted zip."""
    zipped(file, {ECHO: HALF})
    data = bytearray(file.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    file.write_bytes(data)
    refused(mini, str(file), "has a password")


@pytest.mark.parametrize("seed", range(3))
def test_damaged(mini: Learner, file: Path, seed: int) -> None:
    """Whichever bytes of a zip are wrong or missing: it is taken as a whole or refused with a sentence."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in {ECHO: HALF, ABOUT: about("1.0"), PASSED: "{}"}.items():
            made.writestr(name, data)
    chance = random.Random(seed)
    for _ in range(40):
        broken = bytearray(out.getvalue())
        for _ in range(chance.choice([1, 1, 5])):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        file.write_bytes(broken[: chance.choice([len(broken), chance.randrange(len(broken))])])
        mini.write(STARTER)
        outcome = mini.here("import", str(file))
        assert "Traceback" not in outcome.all
        assert mini.path().read_text("utf-8") == (STARTER if outcome.code else HALF), outcome.all
