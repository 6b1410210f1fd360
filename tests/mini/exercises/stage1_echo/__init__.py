"""The first stage of the miniature course."""
