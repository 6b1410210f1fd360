"""Where a newer version of the course comes from: a zip, a folder, or what git fetches."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from click import ClickException, UsageError

from workshop.commands.offline import DECKS, LEFT_OUT, NOTE, course_files
from workshop.course import TOOL
from workshop.course.newer import (
    TABLE,
    Copy,
    Known,
    decide,
    known_without_git,
    read_copy,
)
from workshop.course.toml_fields import CourseError
from workshop.setup.environment import WHEELS
from workshop.setup.pending import GitError, git
from workshop.web.build import OFFLINE

MOST = 2**30
"""The most bytes that a zip may unpack to."""
# What macOS adds to a zip.
MACOS = ("__MACOSX", "._*", ".DS_Store")
NO_GIT = (
    "This copy of the course is not a git clone: name the newer copy that you have, a zip or a folder."
    f"\n{TOOL} update FILE.zip"
)


@dataclass(frozen=True)
class Newer:
    """A newer copy, what is known of the version here, and git's commits before and after, if it comes from git.

    ``unpacked``: its files may be moved.
    """

    copy: Copy
    known: Known
    unpacked: bool
    commits: tuple[str, str] | None = None


def from_path(old: Copy, path: Path, room: Path) -> Newer:
    """Read a newer copy from a folder, or from a zip that is unpacked in ``room``.

    Raises:
        ClickException: It is not a copy of the course.
    """
    if path.is_dir():
        top = _top_of(path)
        if top.resolve() == old.root.resolve():
            raise UsageError(f"{path} is this copy of the course. Name a newer one.")
    else:
        unpack(path, room)
        top = _top_of(room)
    new = _read(top, str(path))
    here = {name.as_posix() for name in course_files(old.root, made=True)}
    return Newer(new, known_without_git(old, new, here), not path.is_dir())


def _top_of(folder: Path) -> Path:
    """Return the folder itself, or the one in it that has the course: a zip from GitHub has one such folder."""
    if (folder / TABLE).is_file():
        return folder
    inside = [path for path in sorted(folder.glob("*")) if (path / TABLE).is_file()]
    return inside[0] if len(inside) == 1 else folder


def _read(top: Path, shown: str) -> Copy:
    names = []
    for name in course_files(top, made=True):
        if _left_out(name.as_posix()):
            continue
        names.append(name.as_posix())
        if (top / name).is_symlink():
            raise ClickException(f"{shown} has a link in it, {name}. Nothing was changed.")
    try:
        return read_copy(top, names)
    except CourseError as error:
        raise ClickException(f"{shown} is not a copy of the course: {error}.") from None


def unpack(path: Path, room: Path) -> None:
    """Unpack a zip into an empty folder, without what `offline` leaves out.

    Raises:
        ClickException: It is not a zip, is damaged, or has links or names that lead out of the folder.
    """
    try:
        with zipfile.ZipFile(path) as file:
            entries = [one for one in file.infolist() if not _left_out(one.filename)]
            for entry in entries:
                _check_entry(path, entry)
            if sum(entry.file_size for entry in entries) > MOST:
                raise ClickException(f"{path} is too large for a copy of the course.")
            for entry in entries:
                target = room / entry.filename
                if entry.is_dir():
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                with file.open(entry) as source, open(target, "xb") as out:
                    shutil.copyfileobj(source, out)
                if entry.external_attr >> 16 & 0o100:
                    target.chmod(target.stat().st_mode | 0o111)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        what = "is damaged" if zipfile.is_zipfile(path) else "is not a zip file, or damaged"
        raise ClickException(f"{path} {what}. Download or copy it again.") from None
    except (FileExistsError, NotADirectoryError, IsADirectoryError, ValueError):
        raise ClickException(f"{path} is damaged: it has a name twice.") from None


def _left_out(name: str) -> bool:
    parts = PurePosixPath(name).parts
    patterns = {*LEFT_OUT, *MACOS} - {WHEELS, DECKS, OFFLINE, NOTE}
    return any(fnmatch(part, pattern) for part in parts for pattern in patterns)


def _check_entry(path: Path, entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    parts = name.rstrip("/").split("/")
    if "\\" in name or ":" in name or "\0" in name or {"", ".", ".."} & set(parts):
        raise ClickException(f"{path} has a file that would be written elsewhere: {name!r}.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ClickException(f"{path} has a link in it, {name!r}; no copy of the course has one.")


# Git


def from_git(old: Copy, room: Path) -> Newer | None:
    """Fetch what the upstream of this clone has, and read it; None if there is nothing newer.

    Raises:
        ClickException: Git cannot fetch, or is in the middle of something.
        UsageError: This copy is not a git clone, or has nothing to fetch from.
    """
    root = str(old.root)
    if not (old.root / ".git").exists():
        raise UsageError(NO_GIT)
    if not shutil.which("git"):
        raise UsageError(f"git is not installed. Name a newer copy:\n{TOOL} update FILE.zip")
    try:
        _check_at_rest(root)
        upstream = _upstream(root)
        git(root, "fetch", "--quiet", upstream.partition("/")[0])
    except GitError as error:
        other = f"Without a network, name a newer copy:\n{TOOL} update FILE.zip"
        raise ClickException(f"{error}\nNothing was changed. {other}") from None
    here, there = (_line(root, "rev-parse", name) for name in ("HEAD", upstream))
    try:
        base = _line(root, "merge-base", here, there)
    except GitError:
        raise ClickException(f"{upstream} has no history in common with this clone.") from None
    if base == there:
        return None
    new = _read(_unpacked(root, there, room), upstream)
    had = set(_names(root, "ls-tree", "-r", "--name-only", "-z", base))
    changed = set(_names(root, "diff", "--name-only", "--no-renames", "-z", base))

    def original(name: str) -> bytes | None:
        return _blob(root, base, name) if name in had else None

    known = Known(had, changed, had - changed, original)
    after = there if base == here else _merged(old, new, known, here, there, base)
    return Newer(new, known, True, (here, after))


def _line(root: str, *words: str) -> str:
    return git(root, *words).strip()


def _names(root: str, *words: str) -> list[str]:
    return [name for name in git(root, *words).split("\0") if name]


def _blob(root: str, commit: str, name: str) -> bytes:
    return git(root, "cat-file", "blob", f"{commit}:{name}").encode("utf-8", "surrogateescape")


def _check_at_rest(root: str) -> None:
    """Check that git is not in the middle of a merge or the like, and that no other git is at work."""
    names = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
    for name in (*names, "index.lock"):
        if (Path(root) / _line(root, "rev-parse", "--git-path", name)).exists():
            what = "another git process is at work" if name == "index.lock" else "git is not done"
            raise ClickException(f"{what.capitalize()} in this folder. See: git status")


def _upstream(root: str) -> str:
    """Return the name of the branch that this clone follows, such as origin/main."""
    for words in (
        ("rev-parse", "--abbrev-ref", "--symbolic-full-name", "@{upstream}"),
        ("rev-parse", "--abbrev-ref", "origin/HEAD"),
    ):
        try:
            name = _line(root, *words)
        except GitError:
            continue
        if "/" in name:
            return name
    raise UsageError(f"This clone follows no branch. Name a newer copy:\n{TOOL} update FILE.zip")


def _unpacked(root: str, commit: str, room: Path) -> Path:
    """Unpack a commit's files into the room."""
    file = room.parent / "git.zip"
    git(root, "archive", "--format=zip", "-0", "-o", str(file), commit)
    unpack(file, room)
    file.unlink()
    return room


def staged_only(root: Path) -> Mapping[str, bytes]:
    """Return what is staged in git, and neither committed nor in the file: a new index would lose it."""
    staged = _names(str(root), "diff", "--cached", "--name-only", "--diff-filter=d", "-z")
    changed = set(_names(str(root), "diff", "--name-only", "-z"))
    return {name: _blob(str(root), "", name) for name in staged if name in changed}


def _merged(old: Copy, new: Copy, known: Known, here: str, there: str, base: str) -> str:
    """Return a new commit that joins the learner's own with the newer version; no branch has it yet.

    It has the newer version's files, those that the learner has added, and the learner's own as this update leaves them.
    """
    root = str(old.root)
    files: dict[str, bytes] = {}
    theirs = ("diff", "--name-only", "--no-renames", "--diff-filter=d", "-z", base, here)
    for name in _names(root, *theirs):
        mine = _blob(root, here, name)
        if name in new.yours and (starter := new.original(name)) is not None:
            files[name] = decide(known.original(name), mine, starter, name)[1]
        elif name not in known.had and name not in new.names:
            files[name] = mine
    index = str(old.root / ".workshop" / "update.index")
    try:
        git(root, "read-tree", there, index=index)
        for name, data in files.items():
            blob = git(root, "hash-object", "-w", "--stdin", data=data).strip()
            git(root, "update-index", "--add", "--cacheinfo", f"100644,{blob},{name}", index=index)
        tree = git(root, "write-tree", index=index).strip()
    finally:
        Path(index).unlink(missing_ok=True)
    # They have committed here, but perhaps on another machine: git may not know who they are.
    who, mail = _line(root, "log", "-1", "--format=%cn%n%ce", here).split("\n")
    return _line(
        *(root, "-c", f"user.name={who}", "-c", f"user.email={mail}", "commit-tree", tree),
        *("-p", here, "-p", there, "-m", f"Update the course to {new.version}"),
    )
