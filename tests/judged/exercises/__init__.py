"""A miniature course, for the tests of the tool."""
