"""The pytest fixture `tidy`, with and without pytest-twisted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ._fixture import Tidying


@pytest.fixture
def tidy(request: pytest.FixtureRequest) -> Iterator[Tidying]:
    """Everything that this test opens through it ends with the test."""
    from ._fixture import Tidying  # imports Twisted: only for tests that use it

    tidying = Tidying(request.config.pluginmanager.hasplugin("pytest_twisted"))
    yield tidying
    tidying.finish()
