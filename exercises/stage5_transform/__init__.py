"""stage5_transform: a service that transforms poems, and the tests that you write for it."""
