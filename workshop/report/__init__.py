"""Results as words."""
