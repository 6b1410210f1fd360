"""Suites of Twisted's under trial --reactor=simulated, in calm weather: what passes on a real reactor passes here.

Left out, as a whole: twisted.web.test.test_wsgi, whose tests make pools of real threads, and twisted.test.test_threads,
whose tests block the reactor's own thread until a job of the pool has run. What needs a process fails.
"""

from __future__ import annotations

import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

BOUND = 400
PROCESSES = "starts a process"
REAL = "connects a real socket"
LEFT_OUT = {
    "twisted.web.test.test_cgi.": PROCESSES,
    "twisted.test.test_unix.UnixSocketTests.test_peerBind": REAL,
    "twisted.test.test_unix.UnixSocketTests.test_connectToUncleanServer": PROCESSES,
    "twisted.test.test_unix.UnixSocketTests.test_uncleanServerSocketLocking": PROCESSES,
}
"""By the beginning of a test's name: why it does not pass."""


def modules(package: str, *but: str) -> list[str]:
    """The test modules of a package."""
    found = pkgutil.iter_modules(__import__(package, fromlist=["x"]).__path__)
    return [
        f"{package}.{one.name}" for one in found if one.name[:5] == "test_" and one.name not in but
    ]


SUITES = {
    "tcp": ["twisted.test.test_tcp", "twisted.test.test_internet", "twisted.test.test_unix"],
    "endpoints": ["twisted.internet.test.test_endpoints", "twisted.test.test_ssl"],
    "protocols": [
        "twisted.protocols",
        "twisted.test.test_amp",
        "twisted.test.test_policies",
        "twisted.test.test_ftp",
    ],
    "web": modules("twisted.web.test", "test_wsgi"),
}


def run(place: Path, reactor: str, names: list[str]) -> tuple[int, set[str]]:
    """How many tests trial ran, and which did not pass."""
    done = subprocess.run(
        [sys.executable, "-m", "twisted.trial", f"--reactor={reactor}", *names],
        cwd=place,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=BOUND,
    )
    ran = re.search(r"^Ran (\d+) tests", done.stdout, re.M)
    assert ran, done.stdout[-2000:] + done.stderr
    blocks = re.split(r"^={70,}$", done.stdout, flags=re.M)[1:]
    failed = [one for one in blocks if re.match(r"\s*\[(FAIL|ERROR)\]", one)]
    return int(ran[1]), {
        name for one in failed for name in re.findall(r"^[\w.]+\.test\w+$", one, re.M)
    }


@pytest.mark.parametrize("suite", SUITES)
def test_what_passes_elsewhere_passes_here(suite: str, tmp_path: Path) -> None:
    """A test that is not left out passes, or fails on the default reactor too; every entry that is met is needed."""
    pytest.importorskip("hamcrest")
    number, failed = run(tmp_path, "simulated", SUITES[suite])
    assert number > 90
    excused = {name for name in failed if name.startswith(tuple(LEFT_OUT))}
    met = [one for one in LEFT_OUT if any(one.startswith(name) for name in SUITES[suite])]
    assert all(any(name.startswith(one) for name in excused) for one in met), failed
    here_only = failed - excused
    if here_only:
        _, also = run(tmp_path, "default", sorted(here_only))
        assert here_only <= also
