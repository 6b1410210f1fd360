"""A counter."""


def count(data: bytes) -> int:
    """How many bytes there are."""
    raise NotImplementedError("Step 1: count the bytes")
