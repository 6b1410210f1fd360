"""The pytest fixture `tidy`, with and without pytest-twisted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def tidy(request: pytest.FixtureRequest) -> Iterator[Any]:
    """What this test opens through it ends with the test."""
    from ._fixture import Tidying  # Twisted is imported only for tests that use it

    twisted = request.config.pluginmanager.get_plugin("twisted")
    tidying = Tidying(getattr(twisted, "blockon", None))
    yield tidying
    tidying.finish()
