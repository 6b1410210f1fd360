"""HTTP for real."""
