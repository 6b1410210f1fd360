"""A count of lines, and its tests."""
