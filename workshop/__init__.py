"""The course's tool: ``python3 -m workshop``."""
