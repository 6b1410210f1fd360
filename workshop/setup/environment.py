"""Set-up: continue in an environment that has what the requirement files list, or make one.

    any Python   Is it complete? Continue in it. Else make .venv if needed, and start again inside it.
    .venv        Is it complete? Continue in it. Else let pip install what is missing, and start again.

If the first Python lacks only the course itself, .venv gets no packages, but shares that Python's (see shared.py).
Only .venv is ever written to. Standard library only, in syntax that Python 3.7 reads: a Python that
is too old must get a sentence, not a SyntaxError.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec

from workshop.setup.lock import lock
from workshop.setup.progress import Screen, Watched
from workshop.setup.requirements import holds, installed, missing
from workshop.setup.shared import parted, share, shared_folders
from workshop.setup.variables import plain

OLDEST = (3, 10)
TURNS = "WORKSHOP_SETUP_TURNS"  # how often set-up has started itself again
LOG = os.path.join(".workshop", "setup.log")
# A Python that ignores the user's settings, and finds no module in the course's folder, such as a queue.py.
ALONE = ("-I", "-X", "utf8")
AGAIN = "then run the same command again"
# A folder of packages, from which set-up needs no network; `python3 -m workshop offline` makes it.
WHEELS = "wheels"
WHEELS_HAVE = ("requirements.txt", "slides/requirements.txt")
MADE_FOR = "made-for.txt"  # in that folder: a line for each kind of machine

# A pattern in a failure's output, its cause, and the remedy.
CAUSES = (
    ("Errno 28|No space left|not enough space", "the disk is full", "Free 1 GB"),
    (
        "CERTIFICATE_VERIFY|SSLCertVerification|certificate verify failed",
        "the certificate of pip's package index is not trusted: something on the way, such as a proxy"
        " or a virus scanner, has put its own in its place",
        "Ask for the file with its certificate, and set PIP_CERT to that file's path",
    ),
    (
        "NewConnectionError|ConnectTimeout|timed out|name resolution|getaddrinfo|ProxyError|"
        "SSLError|unreachable|error sending request|Connection (?:refused|reset|aborted)",
        "pip cannot reach its package index",
        "Connect to a network (behind a proxy, set HTTPS_PROXY)",
    ),
    (
        "from versions: none",
        "pip finds no packages at all",
        "Check the network and pip's settings (pip config list)",
    ),
    (
        "Permission denied|Access is denied|Read-only file system",
        "the course's folder cannot be written to",
        "Copy the course to a folder of your own",
    ),
)


FOR_ALL = ["requirements.txt"]
FOR_COMMANDS = {
    "dev": ["tests/requirements.txt"],
    "offline": ["slides/requirements.txt"],
    "slides": ["slides/requirements.txt"],
    "verify": ["tests/requirements.txt", "slides/requirements.txt"],
}
"""The requirement files of single commands, besides those of all."""
WITH_VALUE = ("--limit", "--root")
"""Options before a command whose value is the next word."""


def requirement_files(root: str, argv: Sequence[str]) -> list[str]:
    """Return the requirement files that a command line needs, as paths below the root."""
    mine = argv[: argv.index("--")] if "--" in argv else argv
    if set(mine) & {"-h", "--help"}:
        return FOR_ALL
    more = FOR_COMMANDS.get(command(mine), ())
    return FOR_ALL + [name for name in more if os.path.isfile(os.path.join(root, name))]


def command(argv: Sequence[str]) -> str:
    """Return the command in a command line, without the options before it and their values; "" if it has none."""
    words = iter(argv)
    for word in words:
        if word in WITH_VALUE:
            next(words, "")
        elif not word.startswith("-"):
            return word
    return ""


def ensure(root: str, files: Sequence[str], argv: Sequence[str]) -> None:
    """Return in an environment that has what the files list, or do not return.

    If set-up fails, write one line and exit with code 1; after Ctrl-C, one line and 130.

    Args:
        argv: The command line to start again with.
    """
    if sys.version_info < OLDEST:
        stop(too_old())
    try:
        inside = os.path.realpath(sys.prefix) == os.path.realpath(os.path.join(root, ".venv"))
        whole = not (inside and (os.path.exists(unfinished(root)) or elsewhere(root)))
        if whole and not missing(root, files):
            os.environ.pop(TURNS, None)  # a process that we start counts for itself
            return
        if inside and not elsewhere(root):
            Setup(root).install(files)
        elif not usable(root):
            Setup(root).make()
        start_again(root, argv)
    except KeyboardInterrupt:
        print("\nSet-up was interrupted. Run the same command again to go on.", file=sys.stderr)
        sys.exit(130)
    except (OSError, ValueError) as error:
        stop(explain(str(error), str(error)))


def stop(sentence: str) -> None:
    """End with one line."""
    print(" ".join(sentence.split()), file=sys.stderr)
    sys.exit(1)


def explain(output: str, otherwise: str) -> str:
    """Return the cause and the remedy, from the output of a program or the system."""
    for pattern, cause, remedy in CAUSES:
        if re.search(pattern, output):
            return f"Set-up stopped: {cause}. {remedy}, {AGAIN}."
    return f"Set-up stopped: {otherwise.rstrip('.')}. Fix this, {AGAIN}."


def version() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def too_old() -> str:
    """Return what is wrong, and which command to use instead, if there is one."""
    from shutil import which

    this = f"This is Python {version()}; the course needs {OLDEST[0]}.{OLDEST[1]} or newer."
    for minor in range(20, OLDEST[1] - 1, -1):
        if runs(which(f"python3.{minor}") or ""):
            return f"{this} Run: python3.{minor} -m workshop"
    return f"{this} Install one from python.org or your system's packages and run it instead."


def python_of(root: str) -> str:
    parts = ("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")
    return os.path.join(root, ".venv", *parts)


def unfinished(root: str) -> str:
    """Return a file that exists while .venv is being changed, and stays if that is interrupted."""
    return os.path.join(root, ".workshop", "setup.unfinished")


def usable(root: str) -> bool:
    """Return whether .venv is complete, and has a Python that runs and is new enough."""
    if os.path.exists(unfinished(root)) or elsewhere(root) or parted(os.path.join(root, ".venv")):
        return False
    return os.path.isfile(os.path.join(root, ".venv", "pyvenv.cfg")) and runs(python_of(root))


# How the programs in .venv begin: with the Python that runs them, or with a shell that starts it if the path has a space
# or is long. On Windows this is in the middle of a program.
RUN_BY = re.compile(
    rb"#!(?:/bin/sh\n'''exec' )?\"?([^\"\r\n]+?python[\d.]*(?:\.exe)?)\"?[ \r\n]", re.I
)


def elsewhere(root: str) -> bool:
    """Return whether .venv was made in another place, since the course's folder was renamed, moved or copied.

    Its trial would run the code in the old place, or nothing at all.
    """
    folder = os.path.dirname(python_of(root))
    for name in ("trial", "pip", "pip3"):
        try:
            with open(
                os.path.join(folder, name + ".exe" * (sys.platform == "win32")), "rb"
            ) as file:
                found = RUN_BY.findall(file.read())
        except OSError:
            continue
        if found:
            try:
                return not os.path.samefile(os.path.dirname(os.fsdecode(found[-1])), folder)
            except OSError:
                return True  # that place no longer exists
    return False


def runs(python: str) -> bool:
    """Return whether this Python runs and is new enough. It may be a link to one that was removed."""
    code = f"import sys; sys.exit(sys.version_info < {OLDEST})"
    quiet = subprocess.DEVNULL
    try:
        command = [python, "-I", "-S", "-c", code]
        return subprocess.call(command, stdin=quiet, stdout=quiet, stderr=quiet) == 0
    except OSError:
        return False


def start_again(root: str, argv: Sequence[str]) -> None:
    """Run the same command line with the Python of .venv, in place of this process."""
    turns = int(os.environ.get(TURNS, "0")) + 1
    if turns > 3:
        stop(f"Set-up keeps starting itself again. Delete the folder .venv, {AGAIN}.")
    os.environ[TURNS] = str(turns)
    command = [python_of(root), os.path.join(root, "workshop", "__main__.py"), *argv]
    if sys.platform != "win32":
        os.execve(command[0], command, plain())
    # On Windows, exec would return to the prompt while the new process still runs.
    child = subprocess.Popen(command, env=plain())
    while True:
        # Ctrl-C reaches the child as well, which decides what to do about it.
        with contextlib.suppress(KeyboardInterrupt):
            sys.exit(child.wait())


def machine() -> str:
    """Return the kind of machine that a wheel is made for: "Python 3.11 on linux-x86_64"."""
    from sysconfig import get_platform

    system = get_platform()
    if sys.platform == "darwin":
        # Python's own answer has the oldest system that it runs on, and "universal2".
        system = f"macosx-{os.uname().machine}"
    return f"Python {version()} on {system}"


def made_for(root: str) -> list[str]:
    """Return the kinds of machine that the folder of packages is for; an empty list if there is none."""
    try:
        with open(os.path.join(root, WHEELS, MADE_FOR), encoding="utf-8") as file:
            return [line.strip() for line in file if line.strip()]
    except OSError:
        return []


def wheel_options(root: str, files: Sequence[str]) -> list[str]:
    """Return options that make pip install these requirement files from the folder; [] if it cannot."""
    if machine() not in made_for(root) or not set(files) <= set(WHEELS_HAVE):
        return []
    return ["--no-index", "--find-links", os.path.join(root, WHEELS)]


def wheels_mismatch(root: str) -> str:
    """Return a sentence if the folder of packages is for other machines or another Python; else ""."""
    kinds = made_for(root)
    if not kinds or machine() in kinds:
        return ""
    return f"The packages in the folder {WHEELS} are for {', '.join(kinds)}; this is {machine()}."


class Setup:
    """Changes to .venv, in one process of a checkout at a time."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.venv = os.path.join(root, ".venv")
        self.screen = Screen()
        os.makedirs(os.path.join(root, ".workshop"), exist_ok=True)

    def make(self) -> None:
        """Make .venv, or make it again."""
        shared = shared_folders(self.root, FOR_ALL)
        if find_spec("venv") is None or (not shared and find_spec("ensurepip") is None):
            stop(
                "This Python cannot make virtual environments. On Debian and Ubuntu run:"
                f" sudo apt install python{version()}-venv; {AGAIN}."
            )
        with self.exclusive():
            if usable(self.root):
                return  # another process has made it meanwhile
            ours = [os.path.join(self.venv, "pyvenv.cfg"), unfinished(self.root)]
            if os.path.lexists(self.venv) and not any(map(os.path.exists, ours)):
                stop(f"{self.venv} is not a virtual environment. Move it out of the way, {AGAIN}.")
            other = wheels_mismatch(self.root)
            if other and not shared:
                self.screen.say(f"{other} So set-up needs a network.")
            if elsewhere(self.root):
                self.screen.say(
                    "This folder was moved or copied, and .venv belongs to its old place."
                )
            elif parted(self.venv):
                self.screen.say("The environment whose packages .venv used is gone.")
            what = f"Making .venv, an environment for the course, with Python {version()}."
            if shared:
                what = "Making .venv for the course's own code."
                what += f" Its packages are those of {sys.prefix}."
            self.screen.say(what)
            self.mark()
            # In .venv itself, by the Python that .venv was made with.
            python = getattr(sys, "_base_executable", None) or sys.executable
            command = [python, *ALONE, "-m", "venv", "--clear", self.venv]
            self.run("making .venv", command + ["--without-pip"] * bool(shared))
            if shared:
                share(self.root, self.venv, shared)
            os.remove(unfinished(self.root))

    def install(self, files: Sequence[str]) -> None:
        """Let pip install what the files list into .venv, the running environment."""
        with self.exclusive():
            wanted = missing(self.root, files)
            cut_short = os.path.exists(unfinished(self.root))
            if not wanted and not cut_short:
                return  # another process has installed it meanwhile
            beside = wheel_options(self.root, files)
            source = f" from the folder {WHEELS}" if beside else ""
            if cut_short or len(wanted) > 4:
                self.screen.say(
                    f"Installing what the course needs{source} (about 340 MB), this once."
                )
            else:
                self.screen.say(f"Installing {', '.join(wanted)}{source}.")
            pip = [sys.executable, *ALONE, "-m", "pip", "install", "--no-input"]
            pip += ["--progress-bar=off", *beside]
            asked = [word for name in files for word in ("-r", name)]
            if cut_short:
                # If pip is killed while it writes a package, it later takes that package for installed.
                asked.append("--ignore-installed")
            self.mark()
            if find_spec("pip") is None:
                self.run("installing pip", [sys.executable, *ALONE, "-m", "ensurepip"])
            if not holds(installed().get("pip", ("0", ""))[0], ">=", "21.3"):
                # Older ones cannot install this checkout in place; Python 3.10.0 comes with 21.2.
                self.run("renewing pip", [*pip, "--upgrade", "pip>=21.3"])
            self.run("preparing", pip + asked)
            lacking = ", ".join(missing(self.root, files))
            if lacking:
                stop(f"pip reported success but did not install {lacking}. Delete .venv, {AGAIN}.")
            os.remove(unfinished(self.root))
            self.screen.say(f"Installed in {self.screen.seconds()} s.")

    def run(self, doing: str, command: list[str]) -> None:
        """Run a command with progress, or stop with the cause of its failure."""
        watched = Watched(self.screen, os.path.join(self.root, LOG), doing)
        code = watched.run(command, self.root)
        if not code:
            return
        if "pip" in command and "--ignore-installed" not in command and not watched.to_install:
            os.remove(unfinished(self.root))  # nothing was changed, so .venv is as good as before
        words = [line.strip() for line in watched.output.splitlines() if line.strip()]
        errors = [line for line in words if line.startswith("ERROR:")]
        last = (errors or words or [f"{doing} ended with exit code {code}"])[-1]
        why = explain(watched.output, last[:200])
        if "--no-index" in command and "No matching distribution" in watched.output:
            why = f"Set-up stopped: the folder {WHEELS} lacks what this machine needs. Delete it"
            why += (
                f" to install from the network, or get a new copy of the course's folder, {AGAIN}."
            )
        elif wheels_mismatch(self.root):
            why += f" {wheels_mismatch(self.root)} Or delete .venv and use that Python."
        stop(f"{why} The full output is in {LOG}.")

    def mark(self) -> None:
        with open(unfinished(self.root), "w"):
            pass

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Wait for any other set-up of this checkout. The system frees the lock when this process ends."""
        with open(os.path.join(self.root, ".workshop", "setup.lock"), "a") as file:
            waiting = False
            while not lock(file.fileno()):
                if not waiting:
                    self.screen.say("Another set-up is running in this folder; waiting for it.")
                    waiting = True
                time.sleep(0.2)
            yield
