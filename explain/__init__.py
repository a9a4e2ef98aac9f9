"""Attributions, permutation importance and the report that turns them into something to act on."""
