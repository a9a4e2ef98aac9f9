"""Carts that clients tell of, and what the log remembers of their visitors."""
