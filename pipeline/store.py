"""Where runs are logged: opening MLflow's tracking store. Nothing but `tracking` and this module talks to MLflow."""

import logging
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import InputError

if TYPE_CHECKING:
    from mlflow import MlflowClient


class Unreachable(InputError):
    """The tracking store does not answer, or does not take what it is sent."""


STORE = Path(__file__).resolve().parents[1] / "mlflow"
"""Folder of the local store."""


def tracking_uri() -> str:
    """Where runs are logged: `MLFLOW_TRACKING_URI`, or SQLite in the folder `mlflow`."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{STORE / 'mlflow.db'}"


def store_name() -> str:
    """What the store is called in messages and in files that people hand on: its address without a password."""
    return without_password(tracking_uri())


def without_password(text: str) -> str:
    """A text whose addresses have no password; where one has, its account's name stays."""
    return re.sub(r"(?<=://)([^/\s:@]*):[^/\s]*@", r"\1@", text)


def open_store() -> "MlflowClient":
    """A client of the tracking store, which is made where it is a local one that does not exist yet.

    Raises:
        Unreachable: the store cannot be reached.
    """
    # Nothing of a shop's goes anywhere unasked, and an absent server is told in seconds.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    import mlflow
    from mlflow.exceptions import MlflowException

    for name in ("alembic", "mlflow.store.db.utils", "mlflow.tracking._model_registry.client"):
        logging.getLogger(name).setLevel(logging.WARNING)
    _create_store(tracking_uri())
    mlflow.set_tracking_uri(tracking_uri())
    client = mlflow.MlflowClient()
    try:
        client.search_experiments(max_results=1)
    except MlflowException as error:
        raise Unreachable(
            f"MLflow's tracking store at {store_name()} cannot be reached: {first_line(error)}\n"
            f"{_hint(str(error))} or run without it: --set tracking.enabled=false"
        ) from None
    return client


@contextmanager
def reached(kept: str) -> Iterator[None]:
    """Say in words where the store does not answer in the block.

    Args:
        kept: what is not lost, and what to do when the store is back.

    Raises:
        Unreachable: it does not.
    """
    try:
        yield
    except Unreachable as error:
        raise Unreachable(f"{first_line(error)}\n{kept}") from None
    except failures() as error:
        what = f"MLflow's tracking store at {store_name()} did not answer, or did not take what it was sent"
        raise Unreachable(f"{what}: {first_line(error)}\n{kept}") from None


def failures() -> tuple[type[Exception], ...]:
    """What is raised where a store does not answer or take something; any other OSError is of this machine's files."""
    from mlflow.exceptions import MlflowException
    from requests import RequestException

    return (Unreachable, MlflowException, RequestException, ConnectionError, TimeoutError, socket.gaierror)


def first_line(error: BaseException) -> str:
    """What an error says, short enough to read, and without a password."""
    return without_password((str(error).splitlines() or [type(error).__name__])[0])[:300]


def _hint(error: str) -> str:
    if "error code 401" in error or "error code 403" in error:
        return "Set `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD` to what the server knows,"
    return "Start it, mend `MLFLOW_TRACKING_URI`,"


def _create_store(uri: str) -> None:
    """Make a missing SQLite store whole or not at all: MLflow does not recover from half its tables."""
    import mlflow

    _, local, name = uri.partition("sqlite:///")
    database = Path(name)
    if not local or database.exists():
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    aside = database.with_name(f".{database.name}.{os.getpid()}")
    mlflow.MlflowClient(f"sqlite:///{aside}").search_experiments(max_results=1)
    with suppress(FileExistsError):  # another run was faster
        database.hardlink_to(aside)
    aside.unlink()
