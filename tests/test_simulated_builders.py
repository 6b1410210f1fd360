"""Twisted's own tests of reactors, over the simulated one: all pass but those that are listed here, each with its reason."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
BUILDERS = HERE / "simulated_builders.py"
ADOPTS = "adopts a real socket"
DESCRIPTOR = "passes a real file descriptor over a UNIX socket"
EMFILE = "uses up the process's real file descriptors"
REAL = "has the reactor watch a real socket or file descriptor"
PARTS = {
    "test_core": (14, {}),
    "test_time": (2, {}),
    "test_tcp": (
        109,
        {
            "TCPFDPortTestsBuilder": ADOPTS,
            "AdoptStreamConnectionTestsBuilder": ADOPTS,
            "TCPPortTestsBuilder.test_closePeerOnEMFILE": EMFILE,
        },
    ),
    "test_tls": (23, {"TLSPortTestsBuilder.test_closePeerOnEMFILE": EMFILE}),
    "test_unix": (
        35,
        {
            "UNIXFDPortTestsBuilder": ADOPTS,
            "UNIXAdoptStreamConnectionTestsBuilder": ADOPTS,
            "UNIXDatagramTestsBuilder": "datagrams are not simulated",
            "UNIXPortTestsBuilder.test_closePeerOnEMFILE": EMFILE,
            "UNIXTestsBuilder.test_avoidLeakingFileDescriptors": DESCRIPTOR,
            "UNIXTestsBuilder.test_descriptorDeliveredBeforeBytes": DESCRIPTOR,
            "UNIXTestsBuilder.test_fileDescriptorOverrun": DESCRIPTOR,
            "UNIXTestsBuilder.test_sendFileDescriptor": DESCRIPTOR,
            "UNIXTestsBuilder.test_sendFileDescriptorTriggersPauseProducing": DESCRIPTOR,
            "UNIXTestsBuilder.test_listenFailure": "patches how Twisted makes a real socket",
        },
    ),
    "test_threads": (10, {}),
    "test_fdset": (11, {"ReactorFDSetTestsBuilder": REAL}),
}
"""By a module of twisted.internet.test: how many tests it builds, and those that do not pass, by class or by name."""
SUITES = "_SimulatedReactorTests"


def outcomes(module: str, place: Path) -> dict[str, str]:
    """What became of each test of a module, by its class and name."""
    pytest.importorskip("hamcrest")
    done = subprocess.run(
        [sys.executable, str(BUILDERS), module],
        cwd=place,
        env={"PYTHONPATH": str(HERE.parent), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return {".".join(name.split(".")[-2:]).replace(SUITES, ""): how for name, how in said.items()}


@pytest.mark.parametrize("module", PARTS)
def test_all_pass_but_those_listed(module: str, tmp_path: Path) -> None:
    """A test that is not listed passes; every entry of the list has tests, of which none passes."""
    number, left_out = PARTS[module]
    said = outcomes(module, tmp_path)
    assert len(said) == number
    listed = {
        name: next((one for one in left_out if one in (name, name.split(".")[0])), None)
        for name in said
    }
    wrong = {name: how for name, how in said.items() if how != "ok" and listed[name] is None}
    assert not wrong, wrong
    assert set(listed.values()) - {None} == set(left_out), "An entry without a test."
    passing = [name for name, how in said.items() if how == "ok" and listed[name] is not None]
    assert not passing, f"These pass: take them off the list. {passing}"
