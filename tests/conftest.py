"""What several test modules share."""

from __future__ import annotations

import functools
import gc
import os
import re
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kept
import pytest
from driving import LIGHT, MINI, Learner

# Every process that a test starts, and this one, imports the light module of that name instead.
sys.path.insert(0, str(LIGHT))
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(LIGHT), os.environ.get("PYTHONPATH")]))

# A shell's background job ignores Ctrl-C, and hands that on: then what the tests interrupt would not hear of it.
signal.signal(signal.SIGINT, signal.default_int_handler)


kept.use()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give all tests that share what one of them makes to one worker, so that it is made once.

    xdist's own way, --dist loadgroup, has no effect since pytest 9.2, and gives no warning.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByWhatIsShared(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return shared(nodeid)

    # Otherwise it would sort the groups by their size.
    config.option.loadscopereorder = False
    return ByWhatIsShared(config, log)


# What takes long, the longest first: alone at the end, it would leave the other workers nothing to do. The first one builds
# the page, for which the others that need it would wait.
FIRST = [
    "test_web_served",
    "stage4_disconnect",
    "test_new_stage",
    "test_http_random",
    "test_txtidy",
    "mypy",
    "test_slides.py",
    "test_notebooks.py",
    "test_web_hostile",
    "test_web_engine",
    "test_offline",
    "test_client_servers",
    "stage3b_framing",
    "test_lab_browser",
    "test_hunt.py",
    "stage8_daemon",
    "test_clinic",
    "test_notebook_guards",
    "stage9_clinic",
    "stage7_everywhere",
    "::test_never_ends",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the groups of tests that share something: those above, then the larger ones."""
    groups = [shared(item.nodeid) for item in items]
    size = Counter(groups)
    order = {
        group: (next((n for n, one in enumerate(FIRST) if one in group), len(FIRST)), -size[group])
        for group in size
    }
    places = sorted(range(len(items)), key=lambda n: order[groups[n]])
    items[:] = [items[n] for n in places]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collect thousands of tests without garbage collection, and exempt them: each full one would look at them all."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


# What a module makes once, for all of its tests.
ONCE = re.compile(r'scope="module"|^from web_page import|^@functools\.(?:lru_)?cache', re.M)
TESTS = Path(__file__).parent


def shared(nodeid: str) -> str:
    """Return the name of what a test shares with others: a stage's runs, or what its module makes once; else its own."""
    if found := re.search(r"test_(?:judged_)?stages\.py::\w+\[(stage\d+[a-z]?_[a-z]+)", nodeid):
        return found[1]
    module = nodeid.partition("::")[0]
    if module.endswith("test_style.py"):
        return "mypy" if "::test_types" in nodeid else nodeid
    return module if _makes_once(module) else nodeid


@functools.cache
def _makes_once(module: str) -> bool:
    return bool(ONCE.search((TESTS / Path(module).name).read_text("utf-8")))


@pytest.fixture
def mini(tmp_path: Path) -> Iterator[Learner]:
    """A fresh copy of the miniature course. Whatever a test does with it, nothing of it may be left running."""
    root, temp = tmp_path / "course", tmp_path / "temp"
    shutil.copytree(MINI, root, ignore=shutil.ignore_patterns(".workshop", "__pycache__"))
    temp.mkdir()
    learner = Learner(root, temp)
    yield learner
    learner.nothing_left()


@pytest.fixture
def root(mini: Learner) -> Path:
    """The folder of that copy, for tests that call the tool's own functions on it."""
    return mini.root


@pytest.fixture(scope="session")
def web_folder() -> Path:
    """The page's folder of static files, of the course as it is; all workers, and the next run, use the same one."""
    if not shutil.which("npm") and not os.environ.get("CI"):
        pytest.skip("npm is not installed")
    from workshop.course import load
    from workshop.web import build, packages

    try:
        return build.up_to_date(load(TESTS.parent), lambda sentence: None)
    except packages.Failed as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{error.sentence}: {error.output[-300:]}")
