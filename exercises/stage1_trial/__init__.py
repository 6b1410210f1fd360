"""Stage 1: tests that check nothing, fixed."""
