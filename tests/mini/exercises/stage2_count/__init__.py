"""The second stage of the miniature course."""
