"""The command `slides`, as an instructor uses it: serve, open, stop, print, record."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import click
import pytest
from driving import Learner, assert_loopback_only, posix, until
from test_slides import copy, keep_few

from workshop.commands import cli
from workshop.setup.environment import FOR_COMMANDS, WITH_VALUE, requirement_files

ROOT = Path(__file__).resolve().parent.parent
BOUND = 30
"""Seconds that anything here may take."""


@pytest.fixture
def course(tmp_path: Path) -> Learner:
    """A copy of the course with two of its decks, and whoever gives commands on it."""
    copy(tmp_path / "course", "stage2_poetry", "closing")
    (tmp_path / "temp").mkdir()
    return Learner(tmp_path / "course", tmp_path / "temp")


def get(address: str) -> str:
    """What is served there."""
    with urllib.request.urlopen(address, timeout=BOUND) as answer:
        text: str = answer.read().decode("utf-8")
        return text


@posix
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_served(course: Learner, stop: signal.Signals) -> None:
    """It prints the deck's address on 127.0.0.1, serves that until it is stopped, and ends well, leaving nothing."""
    process = course.start(
        "slides", "2", "--no-browser", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        assert line.startswith("The slides are at http://127.0.0.1:"), line
        address = line.split()[4]
        assert address.endswith("/stage2_poetry.html")
        assert_loopback_only(int(address.split(":")[2].split("/")[0]))
        assert "<h1>A poetry server and client</h1>" in get(address)
        home = address.rpartition("/")[0]
        assert 'href="stage2_poetry.html"' in get(f"{home}/")
        assert "1280 by 720" in get(f"{home}/_static/deck.css")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(f"{home}/../../exercises/course.toml")
        process.send_signal(stop)
        out, err = process.communicate(timeout=BOUND)
        assert (process.returncode, out, err) == (0, b"", b"")
    finally:
        process.kill()
        process.wait()
    course.nothing_left()


@posix
def test_opened(course: Learner, tmp_path: Path) -> None:
    """It opens the user's browser on the list of decks, once it serves it."""
    opened, browser = tmp_path / "opened", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}.new\nmv {opened}.new {opened}\n')
    browser.chmod(0o755)
    process = course.start("slides", env={"BROWSER": str(browser)}, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().decode().split()[4]
        until(opened.exists, BOUND, "no browser was opened")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=BOUND)
        assert opened.read_text().strip() == address
        assert address.endswith("/index.html")
    finally:
        process.kill()
        process.wait()


def test_port_that_is_taken(course: Learner) -> None:
    """It says so in one line."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = course.tool("slides", "--no-browser", "--port", str(port))
    assert outcome.code == 2
    assert outcome.err.startswith(f"Port {port} is not available: ")
    assert len(outcome.err.splitlines()) == 1


def test_deck_that_does_not_build(course: Learner) -> None:
    """It says which, and why, and serves nothing."""
    course.write("# A\n\n:::{notes} soon\nSay: a.\n:::\n", "slides/closing.md")
    outcome = course.tool("slides", "--no-browser")
    assert outcome.code == 2
    assert outcome.err.startswith("The slides cannot be built:\n")
    assert "closing.md" in outcome.err and '"soon"; expected minutes' in outcome.err


@pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere a browser may stand in its usual place"
)
def test_no_browser_to_print_with(course: Learner) -> None:
    """It says in one line what writes PDFs."""
    outcome = course.tool("slides", "--pdf", env={"PATH": str(course.temp)})
    assert outcome.code == 2
    assert outcome.err == (
        "PDFs are written by Chromium or Chrome, and neither is installed here.\n"
    )


def test_recorded_by_the_command(course: Learner) -> None:
    """--record writes what is missing or has changed, says what it wrote, and leaves the rest as it is."""
    keep_few(course.root)
    green = course.path("slides/terminal/stage0_step1_green.txt")
    before = course.files()
    green.unlink()
    outcome = course.tool("slides", "--record", within=60)
    assert outcome.code == 0
    assert outcome.out.replace("\\", "/") == "Written: slides/terminal/stage0_step1_green.txt\n"
    assert green.is_file()
    after = course.files()
    name = "slides/terminal/stage0_step1_green.txt"
    assert {**after, name: b""} == {**before, name: b""}


@pytest.mark.parametrize(
    ("words", "files"),
    [
        (["slides"], ["slides"]),
        (["slides", "2", "--pdf"], ["slides"]),
        (["verify"], ["tests", "slides"]),
        (["run", "slides"], []),
        (["--limit", "5", "verify"], ["tests", "slides"]),
        (["--limit=5", "--fresh", "verify"], ["tests", "slides"]),
        (["--root", "slides"], []),
        (["--root", "verify", "slides"], ["slides"]),
        (["slides", "--help"], []),
        (["-h", "verify"], []),
        (["verify", "--", "-h"], ["tests", "slides"]),
        (["dev", "check"], ["tests"]),
        ([], []),
    ],
)
def test_what_it_needs_is_installed(words: list[str], files: list[str]) -> None:
    """Set-up installs what builds slides for the command that does, and for the suite."""
    wanted = ["requirements.txt", *(f"{name}/requirements.txt" for name in files)]
    assert requirement_files(str(ROOT), words) == wanted


def test_set_up_knows_the_options() -> None:
    """Before click is there, set-up reads past the same options with values as click does, and knows the same commands."""
    valued = {
        name
        for option in cli.params
        if isinstance(option, click.Option) and not option.is_flag
        for name in option.opts
    }
    assert valued == set(WITH_VALUE)
    assert set(FOR_COMMANDS) <= set(cli.commands)
