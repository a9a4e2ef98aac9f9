"""The application over a small run, and requests made of its log."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from pipeline.serving.app import make_app
from pipeline.serving.reloading import Reloader
from pipeline.serving.sources import Source

FIELDS = ("visitor_id", "ts", "event", "item_id", "category", "price", "quantity")


@pytest.fixture(scope="package")
def workdir(trained: Path) -> Path:
    """The run's folder."""
    return trained


@pytest.fixture(scope="package")
def reloader(workdir: Path) -> Reloader:
    return Reloader(Source(workdir), seconds=3600)


@pytest.fixture(scope="package")
def client(reloader: Reloader) -> Iterator[TestClient]:
    """A client of the application over the run."""
    failures: list[Exception] = []
    with TestClient(make_app(reloader, failures.append), raise_server_exceptions=False) as client:
        while not failures and client.get("/ready").status_code == 503:
            pass
        assert not failures
        yield client


@pytest.fixture(scope="package")
def sessions(workdir: Path) -> pd.DataFrame:
    """The run's events, in order."""
    return pd.read_parquet(workdir / "sessionize" / "events.parquet").sort_values(["session_id", "step"])


def cart(session: pd.DataFrame) -> dict[str, Any]:
    """A session as a client sends it."""
    told = session[list(FIELDS)].astype(object)
    told["ts"] = [moment.isoformat() for moment in session["ts"]]
    return {"events": told.where(told.notna(), None).to_dict("records")}
