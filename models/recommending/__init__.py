"""The next-item recommender: its network, its training, what it is worth, and its use."""
