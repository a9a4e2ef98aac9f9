"""Champion and challenger: whether the one should take the other's place."""
