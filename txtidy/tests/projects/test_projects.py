"""End-to-end tests of real projects: with txtidy they are as green as with a careful teardown, in fewer lines."""

from __future__ import annotations

import importlib
import inspect
import os
from typing import Any

import inner
import pytest

NAMES = {"websocket": "autobahn", "web": "treq", "directory": "ldaptor"}
OK = [("OK", "")]


@pytest.fixture(params=NAMES)
def project(request: pytest.FixtureRequest) -> Any:
    """A module with the classes WithTidy, ByHand and Naive, which have the same tests."""
    if not os.environ.get("CI"):  # there, nothing may be skipped
        pytest.importorskip(NAMES[request.param])
    return importlib.import_module(f"projects.{request.param}")


@pytest.mark.parametrize("name", ["WithTidy", "ByHand"])
def test_green(project: Any, name: str) -> None:
    """All tests pass, and leave nothing, ten times."""
    for _ in range(10):
        said = inner.run(getattr(project, name))
        assert set(map(str, said.values())) == {str(OK)}, said
        assert len(said) == 4


def test_fewer_lines(project: Any) -> None:
    """The test case is shorter than the one with a teardown that waits for everything."""
    lines = [
        len(inspect.getsource(case).splitlines()) for case in (project.WithTidy, project.ByHand)
    ]
    assert lines[0] < lines[1] / 2, lines


def test_naive_teardown_is_found(project: Any) -> None:
    """trial finds something left by a teardown that waits for the port alone."""
    said = inner.run(project.Naive)
    assert any("DirtyReactor" in text for verdict in said.values() for _, text in verdict), said
