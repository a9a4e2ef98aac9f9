"""Why a registered model could not be fetched: the address, the store, or this machine."""

import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mlflow import MlflowClient

from data.errors import InputError
from pipeline.store import open_store
from pipeline.tracking import fetch_model

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow 3.17 warns of itself

ADDRESS = "models:/items@champion"
SIZE = 4 << 20


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a model of two files, one of them larger than the store itself."""
    place = tmp_path_factory.mktemp("store")
    client = MlflowClient(f"sqlite:///{place / 'mlflow.db'}")
    folder = place / "artifacts" / "model"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "weights").write_bytes(bytes(SIZE))
    (folder / "about").write_text("{}")
    client.create_registered_model("items")
    client.create_model_version("items", folder.as_uri())
    client.set_registered_model_alias("items", "champion", "1")
    return place


@pytest.fixture
def artifacts(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The model's files in the store, which the test may spoil."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{made / 'mlflow.db'}")
    open_store()
    kept = shutil.copytree(made / "artifacts", tmp_path / "kept")
    yield made / "artifacts" / "model"
    shutil.rmtree(made / "artifacts")
    shutil.copytree(kept, made / "artifacts", symlinks=True)


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file of this process may grow beyond this size, as if the disk had no more room for it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def refusal(folder: Path, address: str = ADDRESS) -> str:
    folder.mkdir(exist_ok=True)
    with pytest.raises(InputError) as caught:
        fetch_model(address, folder, "--recommender")
    return str(caught.value)


@pytest.mark.usefixtures("artifacts")
def test_a_file_that_cannot_be_written_here_is_no_fault_of_the_address(tmp_path: Path) -> None:
    with files_up_to(SIZE // 2):
        full = refusal(tmp_path / "full")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "data").write_text("a file where a folder has to be")
    taken = refusal(tmp_path / "taken")
    for told, why in ((full, "File too large"), (taken, "Not a directory")):
        assert f"could not be copied to {tmp_path}" in told
        assert f"{ADDRESS} is in the registry" in told
        assert why in told
        assert "should name a model" not in told
    folder = tmp_path / "fine"
    folder.mkdir()
    assert (fetch_model(ADDRESS, folder, "--recommender") / "data" / "weights").stat().st_size == SIZE


def test_a_file_that_the_store_has_lost_is_no_fault_of_this_machine(artifacts: Path, tmp_path: Path) -> None:
    (artifacts / "about").unlink()
    (artifacts / "about").symlink_to("nowhere")
    told = refusal(tmp_path / "one")
    assert "`--recommender` should name a model in the registry" in told
    assert "No such file" in told
    assert "on this machine" not in told
    shutil.rmtree(artifacts)
    assert "its artifacts are gone" in refusal(tmp_path / "all")


@pytest.mark.usefixtures("artifacts")
def test_an_address_that_means_nothing_is_told_what_there_is(tmp_path: Path) -> None:
    for address in ("models:/items@nobody", "models:/items/7", "models:/other@champion", "models:/", "nonsense"):
        told = refusal(tmp_path / "none", address)
        assert f"Received: {address}: " in told
        assert told.endswith(f"It has: {ADDRESS}.")
