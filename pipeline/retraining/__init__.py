"""Challenger against champion: what is new in a log is checked, learnt from, compared and, if provably better, served.

`state` is what one retrain leaves for the next. `arrivals` and `incoming` take in new files, `challenger` trains on the
log they make, `judging` compares and decides, `calibrating`, `promotion`, `composing` and `serving_set` act on it,
`kept` has the challenger that waits for a second hearing, and `flow` puts the `steps` in order. Each step can be
killed: what was decided stands in `decision.json` before anything follows from it, and each step finds what it did.
"""
