"""The tracking store's address is told without the password that it may have."""

import json
from pathlib import Path

import pytest

from data.errors import InputError
from pipeline.config import load_config
from pipeline.retraining.state import State, check_store
from pipeline.store import Unreachable, first_line, open_store, store_name, without_password
from pipeline.tracking.tracker import state_text
from tests.pipeline.retraining.shop import NOW

ADDRESS = "http://anna:s3:cr@t@127.0.0.1:9/mlflow"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (f"at {ADDRESS}, twice {ADDRESS}/api", "at http://anna@127.0.0.1:9/mlflow, twice http://anna@127.0.0.1:9/mlflow/api"),
        ("postgresql+psycopg://mlflow:x@db/mlflow", "postgresql+psycopg://mlflow@db/mlflow"),
        ("postgresql://db:5432/a@b", "postgresql://db:5432/a@b"),
        ("sqlite:////srv/a:b@c/mlflow.db", "sqlite:////srv/a:b@c/mlflow.db"),
        ("http://127.0.0.1:9 said a:b@c", "http://127.0.0.1:9 said a:b@c"),
    ],
)  # fmt: skip
def test_a_password_is_taken_out_of_addresses_and_of_nothing_else(told: str, expected: str) -> None:
    assert without_password(told) == first_line(ValueError(told)) == expected


def test_no_message_and_no_file_has_the_password_of_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", ADDRESS)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(Unreachable) as unreachable:
        open_store()
    assert "anna@127.0.0.1:9" in str(unreachable.value)
    noted = state_text(load_config("demo", None, []), None, "demo")
    assert json.loads(noted)["tracking_uri"] == store_name() == "http://anna@127.0.0.1:9/mlflow"
    for known in (ADDRESS, store_name()):  # an earlier version noted it with the password
        check_store(tmp_path, State(parts=(), tracking_uri=known, window_from=NOW))
    with pytest.raises(InputError) as other:
        check_store(tmp_path, State(parts=(), tracking_uri=ADDRESS.replace("9", "8"), window_from=NOW))
    for text in (str(unreachable.value), str(other.value), noted):
        assert "cr@t" not in text
