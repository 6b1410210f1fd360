"""The small tool of the course: ``python3 -m workshop``."""
