"""What results mean: by steps, or by the learner's suite."""
