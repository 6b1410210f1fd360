"""A learner's work and the provided files: distinguished, and never lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from workshop.course import load
from workshop.course.files import Refusal, inspect, replace, restore, write

FILE = "exercises/stage1_echo/echo.py"
TESTS = "exercises/stage1_echo/test_echo.py"


def refusal(root: Path) -> Refusal | None:
    """What inspect() says of the first stage."""
    course = load(root)
    try:
        inspect(course, course.stages[0])
    except Refusal as refused:
        return refused
    return None


def test_untouched(root: Path) -> None:
    """A course as it came is not refused, and is the same with CRLF line ends."""
    assert refusal(root) is None
    tests = root / TESTS
    tests.write_bytes(tests.read_bytes().replace(b"\n", b"\r\n"))
    assert refusal(root) is None


@pytest.mark.parametrize("name", [TESTS, "exercises/wire.py", "exercises/stage1_echo/__init__.py"])
def test_provided_files_are_watched(root: Path, name: str) -> None:
    """A provided file that is changed or gone is refused by its name; the learner's file may be anything."""
    (root / FILE).write_text("x = 1\n")
    (root / name).write_text("# edited\n")
    refused = refusal(root)
    assert refused is not None
    assert (refused.file, "reset stage1_echo --provided" in refused.advice) == (name, True)
    (root / name).unlink()
    refused = refusal(root)
    assert refused is not None
    assert "missing" in refused.cause


def test_other_stages_do_not_matter(root: Path) -> None:
    """A stage is not refused for another's files."""
    (root / "exercises/stage2_count/test_count.py").write_text("# edited\n")
    assert refusal(root) is None


def test_not_utf8(root: Path) -> None:
    """A file in another encoding is refused with the line of the first byte that is wrong."""
    (root / FILE).write_bytes(b"# one\n# caf\xe9\n")
    refused = refusal(root)
    assert refused is not None
    assert "byte 0xe9 in line 2" in refused.cause


def test_restore_without_git(root: Path) -> None:
    """What was changed is put back from the copy kept while it was as it came, and is itself saved."""
    before = (root / TESTS).read_bytes()
    assert refusal(root) is None
    (root / TESTS).write_text("# edited\n")
    course = load(root)
    mended, lost, saved = restore(course, course.stages[0])
    assert (mended, lost) == ([TESTS], [])
    assert (root / TESTS).read_bytes() == before
    assert saved is not None
    assert (saved / TESTS).read_text() == "# edited\n"


def test_restore_with_no_copy(root: Path) -> None:
    """If no copy was kept, the file is named and left as it is."""
    (root / TESTS).write_text("# edited\n")
    course = load(root)
    assert restore(course, course.stages[0]) == ([], [TESTS], None)
    assert (root / TESTS).read_text() == "# edited\n"


def test_replace_saves_first(root: Path) -> None:
    """Whatever bytes a file has are saved before it is replaced, each time in a folder of its own."""
    course = load(root)
    folders = []
    for data in (b"\xff\xfe not text", b"second\r\n"):
        (root / FILE).write_bytes(data)
        saved = replace(course, {FILE: b"new\n"})
        assert saved is not None
        assert (saved / FILE).read_bytes() == data
        folders.append(saved)
    assert folders[0] != folders[1]
    assert (root / FILE).read_bytes() == b"new\n"


def test_replace_nothing(root: Path) -> None:
    """If nothing changes, nothing is saved."""
    course = load(root)
    assert replace(course, {FILE: (root / FILE).read_bytes()}) is None
    assert not (root / ".workshop" / "saved").exists()


def test_write_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a file cannot be put in place, the old one is still whole."""
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def broken(*_: object) -> None:
        raise OSError("no")

    monkeypatch.setattr("os.replace", broken)
    with pytest.raises(OSError, match="no"):
        write(path, b"new")
    assert path.read_bytes() == b"old"
