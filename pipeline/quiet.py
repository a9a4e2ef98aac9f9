"""Keeps TensorFlow's greetings off the screen."""

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what libraries write to standard error while they are imported; show it if the import fails.

    TensorFlow greets from C++ before its own log level applies, so the file descriptor itself is turned aside.
    """
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # its advice on retracing is for its developers
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            yield
        except Exception:
            aside.seek(0)
            os.write(kept, aside.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
