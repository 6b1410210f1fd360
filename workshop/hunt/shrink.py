"""Delta debugging: the few of many that are enough for a failure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
MOST_ALONE = 64
"""Of so many, each is tried alone first: a single cause explains best."""


def shrink(many: Sequence[T], fails: Callable[[list[T]], bool]) -> list[T]:
    """Return some that still fail, in their order, of which none can be left out. ``many`` fails.

    Args:
        fails: Whether a test fails with these, in their order, and without the others.
    """
    if fails([]):
        return []
    if 1 < len(many) <= MOST_ALONE:
        for one in many:
            if fails([one]):
                return [one]
    left, parts = list(many), 2
    while len(left) > 1:
        size = -(-len(left) // parts)
        for start in range(0, len(left), size):
            without = left[:start] + left[start + size :]
            if fails(without):
                left, parts = without, max(parts - 1, 2)
                break
        else:
            if parts >= len(left):
                break
            parts = min(2 * parts, len(left))
    return left
