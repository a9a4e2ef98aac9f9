"""What changed between two periods."""
