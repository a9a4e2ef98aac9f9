"""A team's own table of examples."""
