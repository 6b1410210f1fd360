"""The meaning of results: by steps, or by the learner's suite."""
