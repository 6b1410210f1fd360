"""The package's size, imports, types and cost."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = sorted((ROOT / "src" / "txtidy").glob("*.py"))


def test_size() -> None:
    """It is short enough to be read before it is copied: at most 500 lines that are not blank."""
    counts = {
        path.name: sum(1 for line in path.read_text("utf-8").splitlines() if line.strip())
        for path in SOURCE
    }
    assert sum(counts.values()) <= 500, counts


def test_imports() -> None:
    """It imports Twisted, zope.interface and the standard library; its pytest plugin imports pytest, too."""
    allowed = {*sys.stdlib_module_names} if sys.version_info >= (3, 10) else {"*"}
    for path in SOURCE:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in getattr(node, "names", [])]
            if isinstance(node, ast.ImportFrom):
                assert node.level <= 1
                names = [node.module or ""] if not node.level else []
            elif not isinstance(node, ast.Import):
                names = []
            for name in {name.partition(".")[0] for name in names} - {"twisted", "zope"}:
                ours = name == "pytest" and path.name == "pytest_plugin.py"
                assert ours or name in allowed or "*" in allowed, f"{path.name} imports {name}"


def test_import_installs_no_reactor() -> None:
    """To import it, or its plugin, leaves the choice of a reactor to the runner."""
    code = (
        "import sys, txtidy, txtidy.pytest_plugin; print('twisted.internet.reactor' in sys.modules)"
    )
    path = ":".join([str(ROOT / "src"), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": path}, capture_output=True, text=True
    )
    assert done.stdout == "False\n", done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("mypy_zope"), reason="no mypy-zope")
def test_types(tmp_path: Path) -> None:
    """It passes mypy --strict."""
    config = tmp_path / "mypy.ini"
    config.write_text("[mypy]\nstrict = True\nplugins = mypy_zope:plugin\n")
    words = [
        "--config-file",
        str(config),
        "--cache-dir",
        str(tmp_path),
        str(ROOT / "src" / "txtidy"),
    ]
    done = subprocess.run([sys.executable, "-m", "mypy", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_cost() -> None:
    """A test that opens nothing costs at most 20 microseconds more, by the fastest of some tries."""
    words = [str(ROOT / "tests" / "benchmarks" / "cost.py"), "--turns", "10"]
    for _ in range(5):
        done = subprocess.run([sys.executable, *words], capture_output=True, text=True)
        if done.returncode == 0:
            return
    raise AssertionError(done.stdout + done.stderr)
