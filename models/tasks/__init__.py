"""What a trial can train: one task a model."""
