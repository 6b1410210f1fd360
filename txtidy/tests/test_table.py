"""The README's table is what its command prints."""

from __future__ import annotations

import sys

import pytest
import table


@pytest.mark.skipif(sys.platform != "linux", reason="has UNIX sockets and signals")
def test_table() -> None:
    """Each kind of leftover is tidy with txtidy, or named by one sentence, and no other test is blamed."""
    rows = table.rows()
    assert table.in_readme() == table.table(rows), "python tests/table.py --write"
    assert len(rows) >= 20
    for title, _, said in rows:
        assert said == "[OK]" or said.startswith("[ERROR] not over 0.4 s after"), title
        assert said.count("[") == 1 and "blamed" not in said and "never ends" not in said, title
