"""The command for instructors whose room has no network: a folder with all of the course, which sets itself up without one.

It has the course's files, with starters in place of any work; the wheels of the packages that they
require; the built decks; and the page for browsers. It works on the system that it is made on, with the Pythons that it is
made with. With --for, it has such a folder for each system named, and systems.py fetches the packages.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path

import click
from click import ClickException

from workshop.commands.checks import check_folder, check_pip, check_provided
from workshop.commands.group import Tool, cli
from workshop.commands.systems import SYSTEMS, System, fetch, run, uv, versions
from workshop.commands.web import is_ready, make, missing_programs
from workshop.course import TOOL, Course
from workshop.course.solutions import answer
from workshop.course.toml_fields import read
from workshop.setup.environment import MADE_FOR, OLDEST, WHEELS, WHEELS_HAVE
from workshop.setup.progress import Screen
from workshop.slides import decks as slides
from workshop.web.build import OFFLINE

DECKS = "decks"
NOTE = "OFFLINE.txt"
LOG = ".workshop/offline.log"
ELSEWHERE = "With another Python or another system, set-up needs a network."
# Files that are made again when needed, or belong to one machine; most are in .gitignore too.
LEFT_OUT = (
    ".git",
    ".venv",
    ".workshop",
    "_trial_temp*",
    "__pycache__",
    "*.egg-info",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".hypothesis",
    ".ipynb_checkpoints",
    "build",
    "dropin.cache",
    "yours",  # a learner's notebooks on a JupyterHub
    # These belong to an offline folder, if this is one.
    WHEELS,
    DECKS,
    OFFLINE,
    NOTE,
)


@cli.command(short_help="Make a folder with all of the course, for rooms without network.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--for",
    "names",
    multiple=True,
    type=click.Choice([*SYSTEMS]),
    help="A system to make a folder for, which need not be this one; can be given several times.",
)
@click.option(
    "--python",
    "pythons",
    multiple=True,
    metavar="PYTHON",
    help="A Python to make it for, in place of the one that runs this; can be given several times."
    " With --for, a version, such as 3.12, which need not be installed.",
)
@click.pass_obj
def offline(tool: Tool, folder: Path, names: Sequence[str], pythons: Sequence[str]) -> None:
    """Make a folder with the course, its packages and the slides, which needs no network.

    It works on this system, and with the Pythons that it is made with. With --for, it has a folder
    for each system named; these are complete, so hand out each by itself.
    """
    began, place, course = time.monotonic(), folder.absolute(), tool.course
    check_folder(course, place)
    check_pip(bool(pythons) and not names)
    check_provided(course)
    wanted = versions(pythons) if names else []
    machines = {} if names else {_kind(python): python for python in pythons or [sys.executable]}
    existed = place.exists()
    try:
        if names:
            _fill_each(course, place, [*dict.fromkeys(names)], wanted)
        else:
            _fill(course, place, machines if pythons else dict.fromkeys(machines, ""))
    except BaseException:
        for path in [*place.iterdir()] if existed else [place]:
            with suppress(OSError):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise
    seconds = f"{time.monotonic() - began:.0f} s"
    if names:
        for name in dict.fromkeys(names):
            click.echo(f"{folder / name}: {_megabytes(place / name)}, for {SYSTEMS[name].words}.")
        click.echo(f"Made in {seconds}, for Python {', '.join(wanted)} and no other.")
        click.echo(f"Hand on each folder as it is; its {NOTE} says which command begins.")
        return
    click.echo(f"{folder}: {_megabytes(place)} in {seconds}.")
    click.echo(f"It is for {', '.join(machines)}, and for no other.")
    click.echo(f"Hand it on as it is; in it, {TOOL} needs no network. {NOTE} says so too.")


def _megabytes(folder: Path) -> str:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return f"{size / 1e6:.0f} MB"


def _fill_each(course: Course, place: Path, names: Sequence[str], wanted: Sequence[str]) -> None:
    """Make a folder below the place for each of these systems, for the same versions of Python."""
    screen, first, log = Screen(), place / names[0], course.root / LOG
    with uv(log, screen) as program:
        _fill(course, first, {})
        for name in names[1:]:
            shutil.copytree(first, place / name)
        for name in names:
            system, wheels = SYSTEMS[name], place / name / WHEELS
            for version in wanted:
                screen.say(f"Fetching packages for {name} and Python {version}.")
                fetch(program, system, version, _required(course.root), wheels, log, screen)
            kinds = [f"Python {version} on {system.machine}" for version in wanted]
            (wheels / MADE_FOR).write_text("".join(f"{kind}\n" for kind in kinds), "utf-8")
            note = place / name / NOTE
            note.write_text(_note_for(note.read_text("utf-8"), system, wanted), "utf-8")


def _fill(course: Course, folder: Path, machines: Mapping[str, str]) -> None:
    """Make the folder's contents, with progress on standard error.

    Args:
        machines: By each kind of machine that it is for, the Python to fetch packages with; "" for the running one.
    """
    screen = Screen()
    screen.say(f"Copying the course to {folder}.")
    _copy(course, folder)
    for kind, python in machines.items():
        screen.say(f"Fetching packages for {kind}.")
        _fetch(course, folder, python, screen)
    decks = (course.root / "slides" / "conf.py").is_file()
    if decks:
        screen.say("Building the slides.")
        slides.build(course, folder / DECKS)
        shutil.rmtree(folder / DECKS / ".doctrees", ignore_errors=True)
    page = _page(course, folder)
    made_for = folder / WHEELS / MADE_FOR
    made_for.write_text("".join(f"{kind}\n" for kind in machines), "utf-8")
    (folder / NOTE).write_text(_note(course, machines, decks, page), "utf-8")


def _kind(python: str) -> str:
    """Return the kind of machine that wheels fetched with this Python are for."""
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent.parent.parent)!r})\n"
    code += f"from workshop.setup.environment import machine; print(sys.version_info >= {OLDEST}, machine())"
    try:
        done = subprocess.run(
            [python, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=30
        )
        good, _, kind = done.stdout.strip().partition(" ")
    except (OSError, subprocess.SubprocessError):
        raise ClickException(
            f"{python} does not run as a Python. Name one by its command or path."
        ) from None
    if good != "True":
        needed = ".".join(map(str, OLDEST))
        raise ClickException(f"{python} is {kind}; the course needs Python {needed} or newer.")
    return kind


def course_files(root: Path, made: bool = False) -> Iterator[Path]:
    """Yield the files that make up a copy of the course, as paths below root.

    Args:
        made: Whether to include what an offline folder has besides.
    """

    def left_out(folder: str, name: str) -> bool:
        # A virtual environment may have any name.
        environment = os.path.isfile(os.path.join(folder, name, "pyvenv.cfg"))
        if made and name in (WHEELS, DECKS, OFFLINE, NOTE):
            return False
        return environment or any(fnmatch(name, pattern) for pattern in LEFT_OUT)

    for folder, names, found in os.walk(root):
        names[:] = sorted(name for name in names if not left_out(folder, name))
        for name in sorted(found):
            path = Path(folder, name)
            if path.is_file() and not left_out(folder, name):
                yield path.relative_to(root)


def _page(course: Course, folder: Path) -> bool:
    """Put the page for browsers into the folder; return whether it could be built."""
    missing = missing_programs()
    if missing and not is_ready(course):
        click.echo(f"{missing} is not installed, so the folder has no page for browsers.")
        return False
    shutil.copytree(make(course), folder / OFFLINE)
    return True


def _copy(course: Course, folder: Path) -> None:
    """Copy the course's files, with starters in place of the learner's."""
    for name in course_files(course.root):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(course.root / name, folder / name)
    for stage in course.stages:
        for file, text in answer(stage, 0).items():
            (folder / "exercises" / stage.name / file).write_bytes(text.encode())
    (folder / WHEELS).mkdir()


def _required(root: Path) -> list[str]:
    """Return what the wheels must cover: the contents of the requirement files, and what installing needs."""
    lines: list[str] = []
    for name in WHEELS_HAVE:
        with suppress(FileNotFoundError):
            text = re.sub(r"(^|\s)#.*", "", (root / name).read_text("utf-8"), flags=re.M)
            lines += [line.strip() for line in text.splitlines() if line.strip()]
    if "-e ." in lines:
        lines.remove("-e .")
        # pip builds the checkout in a separate environment. Python 3.10.0's pip cannot: see Setup.install.
        lines += [*read(root / "pyproject.toml")["build-system"]["requires"], "pip>=21.3"]
    return lines


def _fetch(course: Course, folder: Path, python: str, screen: Screen) -> None:
    """Have pip fetch or build the wheels of all requirements, and of what those require."""
    other = ["--python", shutil.which(python) or python] if python else []
    command = [sys.executable, "-m", "pip", *other, "wheel", "--no-input", "--progress-bar=off"]
    command += ["--wheel-dir", str(folder / WHEELS), *_required(course.root)]
    run(command, "asking for packages", course.root / LOG, folder, screen)


def _note(course: Course, kinds: Iterable[str], decks: bool, page: bool) -> str:
    """Return the note for a learner who receives the folder."""
    lines = [f"{course.title}: a copy that needs no network.", "", "It is for"]
    lines += [f"    {kind}" for kind in kinds]
    lines += ["and sets itself up from the folder wheels. In this folder:", "", f"    {TOOL}", ""]
    lines += [ELSEWHERE]
    if decks:
        lines += ["", f"The slides: open {DECKS}/index.html in a browser."]
    if page:
        lines += [
            "",
            f"The course in a browser, for machines where nothing can be installed: {TOOL} web",
        ]
        lines += [
            f"serves the folder {OFFLINE}. Any web server can. A browser cannot open its files without one."
        ]
    return "\n".join(lines) + "\n"


def _note_for(note: str, system: System, wanted: Sequence[str]) -> str:
    """Return the note for a folder of --for: how to begin on that system, and the rest of this note."""
    title, _, rest = note.partition("\n")
    pythons = [system.python.format(version) for version in wanted]
    several = len(pythons) > 1
    lines = [title, "", f"It is for {system.words}, with Python {' or '.join(wanted)}."]
    lines += [f"It sets itself up from the folder {WHEELS}. In this folder:", ""]
    lines += [f"    {python} -m workshop" for python in pythons]
    lines += ["", "whichever of these you have; or, in an" if several else "or, in an"]
    lines[-1] += " environment of your own:"
    lines += [
        "",
        f"    python -m pip install --no-index --find-links {WHEELS} -r requirements.txt",
        "",
    ]
    # Once it is set up, any Python that starts it will do.
    python = system.python.partition(" ")[0].replace("{}", "3") if several else pythons[0]
    rest = rest.partition(ELSEWHERE)[2].replace(TOOL, f"{python} -m workshop")
    return "\n".join(lines) + f"\n{ELSEWHERE}{rest}"
