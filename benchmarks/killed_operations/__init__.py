"""Whether commands that are killed at any moment end, once they are started again, as unbroken ones do.

`home` makes a small shop and puts it back after each kill, `killing` starts and kills processes, `looking` tells what a
shop looks like and how that differs from another. `retraining`, `acting`, `scheduling`, `serving` and `tracking` kill;
`clockwork` is the scheduler that is killed, with a clock of seconds.
"""
