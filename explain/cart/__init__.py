"""One cart: what moves its risk, what would change it, and what is answered about it."""
