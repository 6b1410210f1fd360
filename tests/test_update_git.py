"""`update` in a git clone: what its upstream has, under edits that are committed or not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import Learner
from releases import COUNT, ECHO, NEWER, SOLVED, commit, git, publish, release, saved, swap

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="needs git")

RAISE = '        raise NotImplementedError("Step 1: send the data back")\n'
WROTE = "        self.transport.write(data)\n"
TESTS = "exercises/stage1_echo/test_echo.py"
IGNORED = ".workshop/\n__pycache__/\n"


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """The course's repository, with version 1.0."""
    folder = release(tmp_path / "origin", files={".gitignore": IGNORED})
    git(folder, "init", "-q")
    commit(folder)
    return folder


@pytest.fixture
def learner(tmp_path: Path, origin: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Learner]:
    """A learner with a clone of it, who has written step 1, and no settings of git."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")
    (tmp_path / "temp").mkdir()
    git(tmp_path, "clone", "-q", str(origin), "mine")
    learner = Learner(tmp_path / "mine", tmp_path / "temp")
    learner.write(learner.path().read_text("utf-8").replace(RAISE, WROTE))
    yield learner
    learner.nothing_left()


@pytest.fixture
def newer(tmp_path: Path, origin: Path) -> Path:
    """Version 2.0, which the repository has now; its folder."""
    folder = release(tmp_path / "newer", "2.0", {**NEWER, ".gitignore": IGNORED})
    publish(origin, folder)
    return folder


def changes(learner: Learner) -> str:
    """What git reports as changed."""
    return git(learner.root, "status", "--porcelain")


def test_edits_that_are_not_committed(learner: Learner, origin: Path, newer: Path) -> None:
    """The clone is at the new commit; only the learner's edit differs from it, merged, and saved as it was."""
    mine = learner.path().read_bytes()
    assert learner.here("update").code == 0
    assert git(learner.root, "rev-parse", "HEAD") == git(origin, "rev-parse", "HEAD")
    assert changes(learner) == f" M {ECHO}\n"
    starter = (newer / ECHO).read_text("utf-8")
    assert learner.path().read_text("utf-8") == starter.replace(RAISE, WROTE)
    assert saved(learner) == {ECHO: mine}
    assert not learner.path("workshop/old.py").exists()
    again = learner.here("update")
    assert (again.code, again.out) == (0, "Nothing to do: git has no newer version.\n")
    assert learner.here("reset", "1").code == 0
    assert changes(learner) == ""


def test_nothing_edited(learner: Learner, newer: Path) -> None:
    """Like a pull; nothing has to be saved."""
    learner.here("reset", "1")
    shutil.rmtree(learner.path(".workshop"))
    assert learner.here("update").code == 0
    assert changes(learner) == "" and saved(learner) == {}
    assert not learner.path(".workshop/saved/").exists() or not any(
        learner.path(".workshop/saved").iterdir()
    )


def test_provided_and_deleted_and_own_files(learner: Learner, newer: Path) -> None:
    """Changed provided files are saved and replaced, deleted files come back, the learner's own stay."""
    learner.write("mine\n", TESTS)
    learner.write("mine\n", "workshop/old.py")
    learner.write("mine\n", "workshop/own.py")
    learner.path(COUNT).unlink()
    outcome = learner.here("update")
    assert outcome.code == 0, outcome.all
    assert changes(learner) == f" M {ECHO}\n?? workshop/own.py\n"
    for name in (TESTS, "workshop/old.py"):
        assert f"Replaced, though you had changed it: {name}" in outcome.out
        assert saved(learner)[name] == b"mine\n"


def test_a_conflict(learner: Learner, newer: Path) -> None:
    """The learner's file is kept, and the new starter put beside it."""
    mine = learner.write(learner.path().read_text("utf-8").replace("in three", "in my"))
    outcome = learner.here("update")
    assert outcome.code == 1 and f"To do: {ECHO}, line 1" in outcome.out, outcome.all
    assert learner.path().read_bytes() == mine
    assert changes(learner) == f" M {ECHO}\n?? {ECHO}.new\n"


def test_what_is_only_staged_is_saved(learner: Learner, newer: Path) -> None:
    """A version that is neither committed nor in the file, only in git's index."""
    git(learner.root, "add", "-A")
    staged = learner.path().read_bytes()
    learner.write(staged + b"\n# more\n")
    assert learner.here("update").code == 0
    assert saved(learner)[f"{ECHO}.staged"] == staged


def test_committed_work(learner: Learner, origin: Path, newer: Path) -> None:
    """A commit joins the learner's commits with the new version: both are in the history; what is not committed stays so."""
    learner.write("# Notes\n", "notes.md")
    learner.write("mine\n", TESTS)
    mine = commit(learner.root, "step 1")
    learner.write(learner.path().read_text("utf-8") + "\n# not committed\n")
    learner.write("more\n", "notes.md")
    outcome = learner.here("update")
    assert outcome.code == 0, outcome.all
    parents = git(learner.root, "log", "-1", "--format=%P%n%s%n%an").splitlines()
    assert parents == [
        f"{mine} {git(origin, 'rev-parse', 'HEAD').strip()}",
        "Update the course to 2.0",
        "A",
    ]
    assert changes(learner) == f" M {ECHO}\n M notes.md\n"
    starter = (newer / ECHO).read_text("utf-8").replace(RAISE, WROTE)
    assert git(learner.root, "show", f"HEAD:{ECHO}") == starter
    assert learner.path().read_text("utf-8") == starter + "\n# not committed\n"
    assert git(learner.root, "show", "HEAD:notes.md") == "# Notes\n"
    assert learner.path(TESTS).read_bytes() == (newer / TESTS).read_bytes()
    assert f"Replaced, though you had changed it: {TESTS}" in outcome.out
    assert saved(learner)[TESTS] == b"mine\n"
    assert not list(learner.path(".workshop").glob("update.index*"))
    assert learner.here("update").out == "Nothing to do: git has no newer version.\n"


def test_committed_work_and_a_second_version(
    learner: Learner, origin: Path, newer: Path, tmp_path: Path
) -> None:
    """The commit of one update is what the next one starts from."""
    commit(learner.root)
    learner.here("update")
    third = dict(NEWER, **{COUNT.replace("exercises", "solutions"): swap('"""', '"""New: ')})
    publish(origin, release(tmp_path / "third", "3.0", {**third, ".gitignore": IGNORED}))
    outcome = learner.here("update")
    assert outcome.code == 0 and "from 2.0 to 3.0" in outcome.out, outcome.all
    assert changes(learner) == ""
    assert WROTE in learner.path().read_text("utf-8")
    assert "New: " in learner.path(COUNT).read_text("utf-8")


def test_a_committed_conflict(learner: Learner, newer: Path) -> None:
    """Committed work that cannot be merged is in the commit as it was."""
    mine = learner.write(learner.path().read_text("utf-8").replace("in three", "in my"))
    commit(learner.root)
    assert learner.here("update").code == 1
    assert learner.path().read_bytes() == mine
    assert changes(learner) == f"?? {ECHO}.new\n"


def test_without_solutions(learner: Learner, newer: Path) -> None:
    """If solutions/ is gone, git has the old starter."""
    shutil.rmtree(learner.path("solutions"))
    assert learner.here("update").code == 0
    assert changes(learner) == f" M {ECHO}\n"
    assert "succeed" in learner.path().read_text("utf-8")


def test_a_shallow_clone(learner: Learner, origin: Path, tmp_path: Path) -> None:
    """A clone of one commit has enough of the history."""
    publish(origin, release(tmp_path / "more", "1.5", {".gitignore": IGNORED}))
    shutil.rmtree(learner.root)
    git(tmp_path, "clone", "-q", "--depth", "1", origin.as_uri(), "mine")
    publish(origin, release(tmp_path / "newer", "2.0", {**NEWER, ".gitignore": IGNORED}))
    outcome = learner.here("update")
    assert outcome.code == 0 and "from 1.5 to 2.0" in outcome.out, outcome.all
    assert changes(learner) == ""


def test_no_branch(learner: Learner, origin: Path, newer: Path) -> None:
    """A clone that is on no branch follows the repository's main branch."""
    git(learner.root, "checkout", "-q", "--detach")
    assert learner.here("update").code == 0
    assert git(learner.root, "rev-parse", "HEAD") == git(origin, "rev-parse", "HEAD")
    assert changes(learner) == f" M {ECHO}\n"


def refused(learner: Learner, code: int, *says: str) -> None:
    """The command changes nothing, and says why."""

    def state() -> tuple[str, dict[str, bytes]]:
        files = learner.files().items()
        return git(learner.root, "rev-parse", "HEAD"), {n: d for n, d in files if ".git/" not in n}

    before = state()
    outcome = learner.here("update")
    assert outcome.code == code, outcome.all
    said = " ".join(outcome.err.split())
    assert all(text in said for text in says), said
    assert "Traceback" not in said
    assert state() == before
    assert not learner.path(".workshop/update.new").exists()


def test_no_network(learner: Learner, origin: Path, newer: Path) -> None:
    """If git cannot fetch, its words and the way without a network."""
    origin.rename(origin.parent / "away")
    refused(learner, 1, "git fetch:", "Without a network", "update FILE.zip")


def test_in_the_middle_of_a_merge(learner: Learner, newer: Path) -> None:
    """A merge that is not done is the learner's to finish."""
    git(learner.root, "update-ref", "MERGE_HEAD", "HEAD")
    refused(learner, 1, "git status")


def test_no_upstream(learner: Learner, newer: Path) -> None:
    """A repository of the learner's own follows nothing."""
    git(learner.root, "remote", "remove", "origin")
    refused(learner, 2, "follows no branch", "update FILE.zip")


def test_another_history(learner: Learner, newer: Path, origin: Path) -> None:
    """An upstream with another beginning is not joined."""
    git(origin, "checkout", "-q", "--orphan", "other")
    commit(origin)
    git(origin, "branch", "-q", "-M", "main")
    refused(learner, 1, "no history in common")


def test_no_git(learner: Learner, newer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a clone, without git; a zip or a folder works there too."""
    monkeypatch.setattr("shutil.which", lambda name: None)
    outcome = learner.here("update")
    assert outcome.code == 2 and "git is not installed" in outcome.err
    assert learner.here("update", str(newer)).code == 0
    assert "succeed" in learner.path().read_text("utf-8")


def test_a_copy_and_then_git(learner: Learner, newer: Path, origin: Path, tmp_path: Path) -> None:
    """After an update from a folder in a clone, git brings the next version all the same."""
    assert learner.here("update", str(newer)).code == 0
    third = dict(NEWER, **{SOLVED: swap("An echo, in three", "Echo, in three")})
    publish(origin, release(tmp_path / "third", "3.0", {**third, ".gitignore": IGNORED}))
    outcome = learner.here("update")
    assert outcome.code == 0, outcome.all
    assert changes(learner) == f" M {ECHO}\n"
    assert "Echo, in three" in learner.path().read_text("utf-8")
