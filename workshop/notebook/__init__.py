"""The notebook extension, `%load_ext workshop.notebook`; making and checking notebooks."""

from __future__ import annotations

from typing import Any


def load_ipython_extension(shell: Any) -> None:
    """Called by IPython for `%load_ext workshop.notebook`."""
    from workshop.notebook.extension import load_ipython_extension as load

    load(shell)
