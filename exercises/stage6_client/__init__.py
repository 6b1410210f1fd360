"""An HTTP client, its tests, and a list of what to test."""
