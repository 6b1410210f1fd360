"""An update of the course's files, prepared completely before the first is replaced, so that it can always be finished.

    .workshop/update.new/   An update that is being prepared. If it stops here, nothing has changed.
    .workshop/update/       One that is ready, or half done: plan.json, and in files/ each file that is not yet in place.

What is in an update's way is moved to .workshop/saved/, as the plan says. `python3 -m workshop` finishes an update that was
interrupted before it imports anything else: until then the tool's own files may be of two versions. So this file, lock.py
and __main__.py work with those of every other version, and plan.json keeps its format.
Standard library only, in syntax that Python 3.7 reads (see environment.py).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping

from workshop.setup.lock import lock

NEW = os.path.join(".workshop", "update.new")
READY = os.path.join(".workshop", "update")
FILES = "files"
PLAN = "plan.json"
BESIDE = ".new"
"""What the name of a new starter ends with, if it is put beside a file that the learner has changed."""
GIT = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
"""Variables with which git would look elsewhere."""


def digest(path: str) -> str:
    """Return a fingerprint of a file's bytes; "" if there is nothing; another text if it is no file."""
    if os.path.isdir(path):
        return "link" if os.path.islink(path) else "folder"
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except FileNotFoundError:
        return "link" if os.path.islink(path) else ""


class GitError(OSError):
    """git cannot be run, or fails; str() has its first words."""


def git(root: str, *words: str, data: bytes = b"", index: str = "") -> str:
    """Return the output of git.

    Args:
        data: Its input.
        index: An index file in place of the clone's own.

    Raises:
        GitError: It cannot be run, or fails.
    """
    env = {name: text for name, text in os.environ.items() if name not in GIT}
    if index:
        env["GIT_INDEX_FILE"] = index
    try:
        done = subprocess.run(["git", *words], cwd=root, env=env, input=data, capture_output=True)
    except OSError as error:
        raise GitError(f"git cannot be run: {error}") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise GitError(f"git {words[0]}: {said[0] if said else done.returncode}")
    return done.stdout.decode("utf-8", "surrogateescape")


@contextlib.contextmanager
def alone(root: str, wait: bool) -> Iterator[bool]:
    """Take the lock on updates of this copy of the course: yield whether it was free, or wait until it is."""
    os.makedirs(os.path.join(root, ".workshop"), exist_ok=True)
    with open(os.path.join(root, ".workshop", "update.lock"), "a") as file:
        free = lock(file.fileno())
        while wait and not free:
            time.sleep(0.1)
            free = lock(file.fileno())
        yield free


def make_ready(
    root: str,
    write: Iterable[str],
    remove: Iterable[str],
    yours: Iterable[str],
    beside: Iterable[str],
    read: Mapping[str, str],
    saved: str,
    commits: tuple[str, str] | None,
) -> None:
    """Turn what is prepared into an update that will be finished, whatever happens.

    Args:
        write: The files to write, which are in the folder for them.
        remove: The files to remove.
        yours: The files that belong to the learner.
        beside: Those that get the new starter beside them.
        read: Fingerprints of files as they were when the update was decided, if it depends on their contents.
        saved: The folder for what is in the way, below the root.
        commits: If git is to follow, its commits before and after.
    """

    def before(names: Iterable[str]) -> dict[str, str]:
        return {n: read.get(n) or digest(os.path.join(root, *n.split("/"))) for n in names}

    plan = {
        "write": before(write),
        "remove": before(remove),
        "yours": sorted(yours),
        "beside": sorted(beside),
        "saved": saved,
        "git": commits,
    }
    folder = os.path.join(root, NEW)
    with open(os.path.join(folder, PLAN), "w", encoding="utf-8") as file:
        json.dump(plan, file)
    os.rename(folder, os.path.join(root, READY))


def is_pending(root: str) -> bool:
    """Return whether an update is ready, or half done."""
    return os.path.isdir(os.path.join(root, READY))


def finish_interrupted(root: str) -> str:
    """Finish an update that was interrupted, if there is one; return a sentence about it, or ""."""
    if not is_pending(root):
        return ""
    with alone(root, wait=True):
        if not is_pending(root):
            return ""  # it was under way in another process
        kept = finish(root)
    return sentence(kept)


def sentence(kept: Iterable[str]) -> str:
    """Return what to say of an interrupted update that is finished now."""
    places = "".join(f"\nTo do: {name}: the new starter is {name}{BESIDE}" for name in kept)
    return f"Finished an update that had been interrupted.{places}"


def finish(root: str) -> list[str]:
    """Put the files of a prepared update in place; the caller has the lock.

    Returns:
        The learner's files that have the new starter beside them: it could not be merged, or they were changed meanwhile.

    Raises:
        OSError: A file cannot be replaced, or git fails. What is done stays done; call this again.
    """
    if not is_pending(root):
        return []
    folder = os.path.join(root, READY)
    with open(os.path.join(folder, PLAN), encoding="utf-8") as file:
        plan = json.load(file)
    saved = os.path.join(root, *plan["saved"].split("/"))
    kept = list(plan["beside"])
    for name, before in plan["write"].items():
        source = os.path.join(folder, FILES, *name.split("/"))
        if not os.path.exists(source):
            continue  # it is in place already
        target = os.path.join(root, *name.split("/"))
        if digest(target) != before and digest(target) != digest(source):
            if name in plan["yours"] and os.path.isfile(target):
                kept.append(name)
                target += BESIDE
            move_away(root, target, saved)
        if os.path.isdir(target):
            move_away(root, target, saved)
        for parent in parents(root, target):
            if os.path.lexists(parent) and not os.path.isdir(parent):
                move_away(root, parent, saved)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        put(source, target)
    for name, before in plan["remove"].items():
        target = os.path.join(root, *name.split("/"))
        if digest(target) != before:
            continue  # it is gone already, or the learner has made another
        os.remove(target)
        tidy(root, os.path.dirname(target))
    if plan["git"]:
        was, to = plan["git"]
        if git(root, "rev-parse", "HEAD").strip() == was:
            git(root, "reset", "-q", to)
    # In one step it is no update any more; half of one could not be finished.
    over = os.path.join(root, NEW)
    shutil.rmtree(over, ignore_errors=True)
    os.rename(folder, over)
    shutil.rmtree(over, ignore_errors=True)
    with contextlib.suppress(OSError):
        os.rmdir(saved)  # nothing had to be saved
    return kept


def parents(root: str, path: str) -> list[str]:
    """Return the folders between the root and a path, outermost first."""
    parts = os.path.relpath(path, root).split(os.sep)[:-1]
    return [os.path.join(root, *parts[: n + 1]) for n in range(len(parts))]


def put(source: str, target: str) -> None:
    """Move a file to its place, over whatever file is there: completely or not at all."""
    try:
        os.replace(source, target)
    except OSError:
        # .workshop may be on another file system.
        beside = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.tmp")
        try:
            shutil.copy2(source, beside)
            os.replace(beside, target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.remove(beside)
        os.remove(source)


def move_away(root: str, path: str, saved: str) -> None:
    """Move what is at a path, if anything, to the folder of what was saved."""
    if not os.path.lexists(path):
        return
    place = os.path.join(saved, os.path.relpath(path, root))
    number = 1
    while os.path.lexists(place):
        number += 1
        place = os.path.join(saved, f"{os.path.relpath(path, root)}.{number}")
    os.makedirs(os.path.dirname(place), exist_ok=True)
    shutil.move(path, place)


def tidy(root: str, folder: str) -> None:
    """Remove a folder in which nothing is left but what Python compiled, and then those above it."""
    while os.path.abspath(folder) != os.path.abspath(root):
        if set(os.listdir(folder)) <= {"__pycache__"}:
            shutil.rmtree(folder)
            folder = os.path.dirname(folder)
        else:
            return
