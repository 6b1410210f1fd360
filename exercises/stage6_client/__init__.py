"""An HTTP client, with tests and a list of what to test that are your own."""
