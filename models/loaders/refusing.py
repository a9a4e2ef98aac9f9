"""How a logged model says that what it was asked is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager

from data.errors import InputError


@contextmanager
def refusing() -> Iterator[None]:
    """Let MLflow's server answer a mistake with status 400 and its message, and not with a traceback.

    Raises:
        MlflowException: the block raised an InputError.
    """
    try:
        yield
    except InputError as error:
        # Here alone, where MLflow has called: the one exception whose message its server passes on as it is.
        from mlflow.exceptions import MlflowException

        raise MlflowException.invalid_parameter_value(str(error)) from None
