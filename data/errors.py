"""The one exception a user's mistake raises."""


class InputError(ValueError):
    """Something the user gave (a file, a value, a log) cannot be used.

    The message says what was expected, what was received and what to do; the command line prints it as it is,
    without a traceback, and exits with a code other than 0.
    """
