"""Build the folder of static files: the page, Python, Twisted, the course, and the notebooks to read.

Any web server can serve it as it is, in any of its folders. files.json has the hash of each file, and sw.js, the service
worker, has the hash of files.json: so a browser takes a version as a whole or not at all.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from workshop.course import Course
from workshop.course.files import files_below
from workshop.course.solutions import answer
from workshop.setup.lock import lock
from workshop.web import packages
from workshop.web.lectures import lectures
from workshop.web.packages import Packages, Say, digest, zipped

PAGE = packages.HERE / "page"
KEPT = Path(".workshop", "web")
"""What is downloaded and built for this copy of the course, below its root."""
FINGERPRINT = "fingerprint.txt"
LICENCE = "LICENSE"
OFFLINE = "browser"
"""In an offline folder: the page, already built."""

AT_THE_TOP = ("index.html", "style.css", "sw.js")
"""Files of the page that are not in the folder page/."""
VERSION = "@VERSION@"
"""In sw.js: the hash of files.json."""
PYODIDE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide-lock.json")
PACKED = (".pack",)
"""Suffixes of files that gzip cannot make smaller."""
NOT_AT_FIRST = ("notebooks/",)
"""Folders of which the page asks for nothing until somebody wants to read there."""


def kept(course: Course) -> Path:
    """Return where the course's own copy of the folder is, which may not have been built."""
    return course.root / KEPT / "folder"


def build(course: Course, folder: Path, say: Say) -> None:
    """Write the files into a folder, which is made and may be there; others in it are removed.

    Args:
        say: Called with a sentence whenever something begins that takes a while.

    Raises:
        packages.Failed: npm, Node or pip is missing or fails; nothing was written.
        CourseError: The course's files are wrong; nothing was written.
    """
    with _alone(course, say):
        _build(course, folder, say)


def _build(course: Course, folder: Path, say: Say) -> None:
    """Build with the lock held."""
    found = packages.get(course.root / KEPT, say)
    files = dict(_files(course, found, say))
    _write(folder, sealed(files))


def sealed(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return these files as one version: with files.json, which lists their hashes, and its hash in sw.js."""
    # Not the service worker itself, which a browser asks for past any cache.
    hashes = {name: _sha256(files[name]) for name in sorted(files) if name != "sw.js"}
    listed = json.dumps({"files": hashes}, indent=0).encode()
    worker = files["sw.js"].replace(VERSION.encode(), _sha256(listed).encode())
    return {**files, "files.json": listed, "sw.js": worker}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def up_to_date(course: Course, say: Say) -> Path:
    """Return the course's own copy of the folder, built if anything that it is made of has changed.

    Raises:
        packages.Failed: As build() does.
        CourseError: As build() does.
    """
    folder, mark = kept(course), course.root / KEPT / FINGERPRINT
    with _alone(course, say):
        if not is_up_to_date(course):
            mark.unlink(missing_ok=True)
            now = fingerprint(course)
            _build(course, folder, say)
            mark.write_text(now, "ascii")
    return folder


def is_up_to_date(course: Course) -> bool:
    """Return whether the course's own copy of the folder is of the course as it is."""
    mark = course.root / KEPT / FINGERPRINT
    known = mark.read_text("ascii") if mark.is_file() and kept(course).is_dir() else ""
    return known == fingerprint(course)


@contextlib.contextmanager
def _alone(course: Course, say: Say) -> Iterator[None]:
    """Wait for any other build of this copy. The system frees the lock when this process ends."""
    place = course.root / KEPT
    place.mkdir(parents=True, exist_ok=True)
    with open(place / "lock", "a") as file:
        waiting = False
        while not lock(file.fileno()):
            if not waiting:
                say("The page is being built by another process; waiting for it.")
                waiting = True
            time.sleep(0.2)
        yield


def fingerprint(course: Course) -> str:
    """Return a hash of all files that the folder is made of."""
    parts = [word for name, data in course_files(course) for word in (name.encode(), data)]
    for path in (course.root / "README.md", course.root / LICENCE):
        parts += [path.read_bytes()] if path.is_file() else []
    for folder in (packages.HERE, course.root / "notebooks"):
        for path in files_below(folder):
            parts += [path.relative_to(folder).as_posix().encode(), path.read_bytes()]
    return digest(*parts)


def on_the_wire(folder: Path) -> int:
    """Return how many bytes a browser gets, compressed by gzip, until the page works."""
    files = {path.relative_to(folder).as_posix(): path for path in files_below(folder)}
    return sum(
        len(compressed(name, path.read_bytes()))
        for name, path in files.items()
        if not name.startswith(NOT_AT_FIRST)
    )


def compressed(name: str, data: bytes) -> bytes:
    """Return a file as a server sends it: by gzip as most servers do, or as it is if it is packed already."""
    return data if name.endswith(PACKED) else gzip.compress(data, 6, mtime=0)


def _files(course: Course, found: Packages, say: Say) -> Iterator[tuple[str, bytes]]:
    """Yield all files but files.json."""
    from workshop.web.content import as_json

    for path in files_below(PAGE):
        name = path.relative_to(PAGE).as_posix()
        yield (name if name in AT_THE_TOP else f"page/{name}"), path.read_bytes()
    yield "course.json", as_json(course)
    sources = dict(course_files(course))
    texts = {name: data.decode() for name, data in sources.items() if name.endswith(".py")}
    learners = {name: text for name, text in texts.items() if _runs_in_the_page(name)}
    names = packages.imports(learners)
    for name, packed in packages.pack(found, zipped(sources), names, say).items():
        yield name, packed.read_bytes()
    yield "lib/fzstd.js", (found.modules / "fzstd" / "esm" / "index.mjs").read_bytes()
    for name in PYODIDE:
        yield f"pyodide/{name}", (found.modules / "pyodide" / name).read_bytes()
    for name, file in editor(found).items():
        yield f"lib/codemirror/{name}", file.read_bytes()
    yield "licences.txt", _licences(found).encode()
    if (course.root / LICENCE).is_file():
        yield f"{LICENCE}.txt", (course.root / LICENCE).read_bytes()
    say("Making the notebooks' pages.")
    for name, text in lectures(course).items():
        yield f"notebooks/{name}.html", text.encode()


def course_files(course: Course) -> Iterator[tuple[str, bytes]]:
    """Yield what goes into course.zip: the tool, exercises with starters in place of any work, and solutions."""
    starters = {
        stage.path(name): text.encode()
        for stage in course.stages
        for name, text in answer(stage, 0).items()
    }
    for top in ("workshop", "exercises", "solutions", "twisted"):
        for path in files_below(course.root / top):
            name = path.relative_to(course.root).as_posix()
            if path.suffix == ".pyc" or (
                name.startswith("workshop/") and path.suffix not in (".py", ".toml")
            ):
                continue
            yield name, starters.get(name, path.read_bytes().replace(b"\r\n", b"\n"))
    for name in ("pyproject.toml", "CHANGELOG.md"):
        if (course.root / name).is_file():
            yield name, (course.root / name).read_bytes()


def _runs_in_the_page(name: str) -> bool:
    """Return whether a module's imports are worth compiling: those of the tool's that runs tests and shows results."""
    away = ("setup", "slides", "notebook", "web")
    return not name.startswith(tuple(f"workshop/{room}/" for room in away))


def editor(found: Packages) -> dict[str, Path]:
    """Map the editor's modules to their files: @lezer/common is lezer-common.js, @codemirror/view is view.js."""
    modules: dict[str, Path] = {}
    for about in sorted(found.modules.glob("**/package.json")):
        package = about.parent.relative_to(found.modules).as_posix()
        fields = json.loads(about.read_text("utf-8"))
        entry = fields.get("module") or _entry(fields.get("exports"))
        if package.startswith(("pyodide", "@types/", "ws", "fzstd")) or not entry:
            continue
        scope, _, name = package.rpartition("/")
        if scope == "@lezer":
            name = f"lezer-{name}"
        modules[f"{name}.js"] = about.parent / entry
    return modules


def _entry(exports: object) -> str:
    """Return the ES module that a package's "exports" name; "" if they name none."""
    while isinstance(exports, dict):
        exports = exports.get(".") or exports.get("import")
    return exports if isinstance(exports, str) else ""


def _licences(found: Packages) -> str:
    """Return the licences of all that the folder hands on and that is not the course's own."""
    parts = []
    for about in sorted(found.modules.glob("**/package.json")):
        fields = json.loads(about.read_text("utf-8"))
        texts = [path.read_text("utf-8") for path in sorted(about.parent.glob("LICEN[SC]E*"))]
        if "version" in fields:
            head = (
                f"{fields['name']} {fields['version']}: {fields.get('license', 'see its package')}"
            )
            parts += [head, *texts]
    return "\n\n".join([*parts, *_wheels_licences(found)]) + "\n"


def _wheels_licences(found: Packages) -> Iterator[str]:
    import zipfile

    for wheel in found.wheels:
        with zipfile.ZipFile(wheel) as file:
            yield " ".join(wheel.name.split("-")[:2])
            for name in sorted(file.namelist()):
                if ".dist-info/" in name and "LICEN" in name.rpartition("/")[2].upper():
                    yield file.read(name).decode("utf-8", "replace")


def _write(folder: Path, files: dict[str, bytes]) -> None:
    """Make these files the whole content of a folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    for path in sorted(folder.rglob("*"), reverse=True):
        name = path.relative_to(folder).as_posix()
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif name not in files:
            path.unlink()
