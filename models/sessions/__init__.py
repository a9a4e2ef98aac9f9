"""Sessions as numbers: the items and events that a vocabulary knows, and what a network reads of them."""
