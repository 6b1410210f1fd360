"""The notebook extension, `%load_ext workshop.notebook`, and how notebooks are made and checked."""

from __future__ import annotations

from typing import Any


def load_ipython_extension(shell: Any) -> None:
    """Load the extension; IPython calls this for `%load_ext workshop.notebook`."""
    from workshop.notebook.extension import load_ipython_extension as load

    load(shell)
