"""A counter."""


def count(data: bytes) -> int:
    """How many bytes there are."""
    ### BEGIN SOLUTION Step 1: count the bytes
    return len(data)
    ### END SOLUTION
