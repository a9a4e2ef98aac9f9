"""What a killed command had in temporary files is removed by the next one, and that of living ones is not."""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pipeline.temporary import PREFIX, temporary_files
from tests.conftest import ROOT

HOLDER = """
import sys, tempfile
from pathlib import Path
from pipeline.temporary import temporary_files
with temporary_files():
    folder = Path(tempfile.mkdtemp())
    (folder / "history.parquet").write_text("large")
    print("ready", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def holder() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def test_it_goes_with_the_block_and_the_place_is_as_before(place: Path) -> None:
    with temporary_files():
        assert Path(tempfile.mkdtemp()).parent.parent == place
        (folder,) = place.iterdir()
        assert folder.name.startswith(PREFIX)
    assert list(place.iterdir()) == []
    assert Path(tempfile.gettempdir()) == place


def test_what_a_killed_one_left_goes_and_what_a_living_one_has_stays(place: Path) -> None:
    (place / "somebody").write_text("else's")
    living, killed = holder(), holder()
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert len(list(place.glob("*/*/history.parquet"))) == 2
    with temporary_files():
        assert len(list(place.glob("*/*/history.parquet"))) == 1
    living.communicate("\n")
    assert living.returncode == 0
    assert [path.name for path in place.iterdir()] == ["somebody"]


def test_where_there_is_no_place_all_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with temporary_files():
        assert tempfile.gettempdir() == "/nowhere"
