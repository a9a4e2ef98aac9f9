"""A work folder has one writer, and its stage folders appear whole or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from data.errors import InputError
from pipeline.workdir import PARTIAL, locked, stage_folder, write_whole


def test_a_second_run_is_refused_and_told_who_holds_the_folder(tmp_path: Path) -> None:
    with locked(tmp_path / "work"):
        code = (
            "import sys; from pathlib import Path; from pipeline.workdir import locked\n"
            "try:\n  with locked(Path(sys.argv[1])): pass\n"
            "except ValueError as error: print(error)"
        )
        command = [sys.executable, "-c", code, str(tmp_path / "work")]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert "is in use by another run" in told
        assert str(os.getpid()) in told
    with locked(tmp_path / "work"):
        pass


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(InputError, match="`--workdir` should be a folder that can be written"),
        locked(tmp_path / "file"),
    ):
        pass


def test_a_failed_stage_leaves_the_old_folder_as_it_was(tmp_path: Path) -> None:
    with stage_folder(tmp_path, "toy") as out:
        (out / "result").write_text("old")
    with pytest.raises(ZeroDivisionError), stage_folder(tmp_path, "toy") as out:
        (out / "result").write_text(f"half {1 / 0}")
    assert (tmp_path / "toy" / "result").read_text() == "old"


def test_a_finished_stage_replaces_the_old_folder_whole(tmp_path: Path) -> None:
    with stage_folder(tmp_path, "toy") as out:
        (out / "old").write_text("")
    with stage_folder(tmp_path, "toy") as out:
        (out / "new").write_text("")
    assert [path.name for path in (tmp_path / "toy").iterdir()] == ["new"]


def test_partial_folders_of_a_killed_run_are_cleared(tmp_path: Path) -> None:
    (tmp_path / PARTIAL / "toy").mkdir(parents=True)
    with locked(tmp_path):
        assert not (tmp_path / PARTIAL).exists()


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    write_whole(tmp_path / "a" / "file", "text")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["file"]
    assert (tmp_path / "a" / "file").read_text() == "text"
