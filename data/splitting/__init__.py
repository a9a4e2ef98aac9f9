"""Which examples and sequences train, choose and test."""
