"""A group of carts against the rest."""
