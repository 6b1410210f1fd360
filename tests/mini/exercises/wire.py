"""What the miniature stages share."""

WORDS = [b"one", b"two"]
