"""What a work folder serves changes as a whole, and a switch that was killed is finished by the next."""

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import PipelineConfig
from pipeline.retraining.composing import FOLDERS, SETS
from pipeline.retraining.serving_set import MEMBERS, served_folder, switch
from pipeline.retraining.state import HOME
from pipeline.workdir import stage_folder
from tests.conftest import ROOT

CONFIG = PipelineConfig()
SWITCH = """
import sys
from pathlib import Path
from pipeline.config import PipelineConfig
from pipeline.retraining.serving_set import switch
print("ready", flush=True)
workdir = Path(sys.argv[1])
for name in sys.argv[2:] * 200:
    switch(PipelineConfig(), workdir, workdir / "retrain" / "served" / name)
"""


def fill(folder: Path, word: str) -> None:
    """A set, all of whose members hold a word."""
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
        (folder / name / "word").write_text(word)
    for name in set(MEMBERS) - set(FOLDERS):
        (folder / name).write_text(f'{{"word": "{word}"}}')


def words(workdir: Path) -> set[str]:
    """What a reader finds in the members that are there."""
    files = [workdir / name / "word" if name in FOLDERS else workdir / name for name in MEMBERS]
    return {file.read_text().removeprefix('{"word": "').removesuffix('"}') for file in files if file.exists()}


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    """The folder of a run."""
    fill(tmp_path, "run")
    return tmp_path


def made(workdir: Path, name: str) -> Path:
    """A new set to serve."""
    folder = workdir / HOME / SETS / name
    shutil.rmtree(folder, ignore_errors=True)
    fill(folder, name)
    return folder


def test_a_switch_changes_every_member_and_again_changes_nothing(workdir: Path) -> None:
    for name in ("one", "two"):
        folder = made(workdir, name)
        for _ in range(2):
            switch(CONFIG, workdir, folder)
            assert words(workdir) == {name}
        assert (workdir / "train" / "word").resolve() == workdir / HOME / SETS / name / "train" / "word"


def test_a_reader_of_several_files_has_all_of_one_set(workdir: Path) -> None:
    assert served_folder(workdir) == workdir
    switch(CONFIG, workdir, made(workdir, "one"))
    (workdir / "link").symlink_to(workdir)
    read = served_folder(workdir / "link")
    switch(CONFIG, workdir, made(workdir, "two"))
    assert (words(read), words(served_folder(workdir))) == ({"one"}, {"two"})


def test_the_set_before_stays_for_those_who_read_it_and_older_ones_go(workdir: Path) -> None:
    for name in ("one", "two", "three"):
        switch(CONFIG, workdir, made(workdir, name))
    assert {path.name for path in (workdir / HOME / SETS).iterdir()} == {"two", "three"}


def test_a_run_in_the_folder_puts_its_own_results_there_and_the_next_switch_replaces_them(workdir: Path) -> None:
    switch(CONFIG, workdir, made(workdir, "one"))
    served = (workdir / HOME / SETS / "one" / "train" / "word").read_text()
    with stage_folder(workdir, "train") as out:
        (out / "word").write_text("again")
    assert (workdir / "train" / "word").read_text() == "again"
    assert (workdir / HOME / SETS / "one" / "train" / "word").read_text() == served
    switch(CONFIG, workdir, made(workdir, "three"))
    assert words(workdir) == {"three"}


def test_a_switch_killed_at_any_moment_leaves_one_whole_set(workdir: Path) -> None:
    chance = random.Random(0)
    for name in ("one", "two", "one"):
        fresh, before = made(workdir, name), words(workdir)
        command = [sys.executable, "-c", SWITCH, str(workdir), name]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0, 0.02))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert words(workdir) in (before, {name})
        missing = [member for member in MEMBERS if not (workdir / member).exists()]
        assert len(missing) <= 1  # a folder gives way to a link in two steps, once
        switch(CONFIG, workdir, fresh)
        assert words(workdir) == {name}
        assert [member for member in MEMBERS if not (workdir / member).exists()] == []


class Stopped(BaseException):
    """Stands for a kill: nothing in `switch` runs after it."""


@pytest.mark.parametrize("linked", [False, True], ids=["first", "later"])
def test_a_switch_stopped_between_any_two_steps_leaves_one_whole_set(tmp_path: Path, linked: bool) -> None:
    step, done = 0, False
    while not done:
        workdir = tmp_path / str(step)
        fill(workdir, "run")
        if linked:
            switch(CONFIG, workdir, made(workdir, "run"))
        folder = made(workdir, "one")
        done = stop_at(step, lambda: switch(CONFIG, workdir, folder))  # noqa: B023 (called at once)
        assert words(workdir) in ({"run"}, {"one"})
        assert len([member for member in MEMBERS if not (workdir / member).exists()]) <= (not linked)
        switch(CONFIG, workdir, folder)
        assert words(workdir) == {"one"}
        assert all((workdir / member).exists() for member in MEMBERS)
        assert {path.name for path in (workdir / HOME / SETS).iterdir()} == {"one", "run" if linked else "before"}
        assert [path.name for path in workdir.iterdir() if path.name.startswith(".")] == []
        step += 1
    assert step > (3 if linked else 3 * len(FOLDERS))


def stop_at(step: int, work: Callable[[], None]) -> bool:
    """Stop some work before one of its renames and links; whether it came to its end before that."""
    left = step

    def counted(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise Stopped
            return original(*arguments)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("rename", "replace", "symlink_to"):
            patch.setattr(Path, name, counted(getattr(Path, name)))
        try:
            work()
        except Stopped:
            return False
    return True
