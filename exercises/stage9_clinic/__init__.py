"""The clinic: flaky tests."""
