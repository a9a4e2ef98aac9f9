"""What `python -m pipeline` does: configuration, the stage runner, the stages and tracking."""
