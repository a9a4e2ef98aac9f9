"""Starts a command at the clock.

`cron` reads the expression, `clock` says when it comes up, `config` holds the settings, `job` says what is started,
`child` starts and stops it, `running` tries it again and remembers in `runs`, `notifying` tells people, `telling`
sees to it that they hear of everything, `service` keeps it all going, `printing` writes the same for other schedulers.
"""
