"""A log that grows: its parts, and whether a new one may be learnt from."""
