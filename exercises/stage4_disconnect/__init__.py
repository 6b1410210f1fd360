"""Stage 4: disconnecting for real."""
