"""Stages run when, and only when, something they depend on changed; a killed run resumes to the same bytes."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from data.errors import InputError
from pipeline.config import PipelineConfig, load_config
from pipeline.fingerprint import folder_hashes
from pipeline.planning import Selection, plan, source_hashes
from pipeline.runner import read_config
from tests.conftest import ROOT
from tests.pipeline.toy import STAGES
from tests.pipeline.toy.running import toy_run


def actions(workdir: Path, *settings: str, selection: Selection | None = None) -> dict[str, tuple[str, str]]:
    config = load_config(None, None, ["tracking.enabled=false", *settings])
    return {d.stage.name: (d.action, d.reason) for d in plan(config, workdir, selection, STAGES)}


def done(workdir: Path) -> dict[str, float]:
    return {stage.name: (workdir / stage.name / "stage.json").stat().st_mtime_ns for stage in STAGES}


def test_an_unchanged_run_does_nothing(tmp_path: Path) -> None:
    toy_run(tmp_path, "demo.days=4")
    before = done(tmp_path)
    toy_run(tmp_path, "demo.days=4")
    assert done(tmp_path) == before
    assert (tmp_path / "total" / "total.txt").read_text() == "12"


def test_times_that_a_stage_measured_are_kept_beside_its_outputs(tmp_path: Path) -> None:
    folders = [tmp_path / name / "doubled" for name in ("one", "other")]
    for folder in folders:
        toy_run(folder.parent, "demo.days=4")
    seconds = [json.loads((folder / "stage.json").read_text())["measured_seconds"] for folder in folders]
    assert seconds[0]["doubling"] < seconds[1]["doubling"]
    assert folder_hashes(folders[0]) == folder_hashes(folders[1])


def test_a_changed_setting_runs_the_stages_that_depend_on_it_and_says_so(tmp_path: Path) -> None:
    toy_run(tmp_path, "demo.days=4")
    planned = actions(tmp_path, "demo.days=4", "split.train=0.6")
    assert planned["numbers"][0] == "skip"
    assert planned["doubled"] == ("run", "split.train 0.7 → 0.6")
    assert planned["total"] == ("run", "reads doubled, which will run")


def test_a_stage_whose_input_came_out_the_same_is_skipped(tmp_path: Path) -> None:
    toy_run(tmp_path, "demo.days=4")
    before = done(tmp_path)
    toy_run(tmp_path, "demo.days=4", "split.train=0.6")
    after = done(tmp_path)
    assert after["doubled"] != before["doubled"]
    assert after["total"] == before["total"]


def test_an_altered_result_is_made_again(tmp_path: Path) -> None:
    toy_run(tmp_path, "demo.days=4")
    toy_run(tmp_path, "demo.days=5")
    assert (tmp_path / "total" / "total.txt").read_text() == "20"


def test_a_result_that_was_deleted_is_made_again_and_nothing_else(tmp_path: Path) -> None:
    toy_run(tmp_path, "demo.days=4")
    before = done(tmp_path)
    (tmp_path / "doubled" / "doubled.txt").unlink()
    assert actions(tmp_path, "demo.days=4")["doubled"] == ("run", "doubled.txt is gone")
    toy_run(tmp_path, "demo.days=4")
    assert {name for name, moment in done(tmp_path).items() if moment != before[name]} == {"doubled"}
    assert (tmp_path / "doubled" / "doubled.txt").read_text() == "0\n2\n4\n6\n"


def test_a_stage_that_is_left_although_its_settings_changed_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.planning.STAGES", STAGES)  # whose names `--only` takes
    toy_run(tmp_path, "demo.days=4")
    left = actions(tmp_path, "demo.days=4", "split.train=0.6", selection=Selection(only="numbers"))
    assert left["numbers"] == ("run", "asked for")
    assert left["doubled"] == ("skip", "left as it is, although split.train 0.7 → 0.6")
    assert left["total"] == ("skip", "left as it is")


def test_a_stage_that_does_not_apply_says_why_now_and_later(tmp_path: Path) -> None:
    for _ in range(2):
        stages = toy_run(tmp_path, "demo.days=1")["stages"]
        config = load_config(None, None, ["demo.days=1", "tracking.enabled=false"])
        assert {d.stage.name: d.reason for d in plan(config, tmp_path, None, STAGES)}[
            "total"
        ] == "there is nothing to add up"
    assert "total" not in stages


def test_from_and_only_choose_the_stages(tmp_path: Path) -> None:
    toy_run(tmp_path, "demo.days=4")
    assert [a for a, _ in actions(tmp_path, "demo.days=4", selection=Selection(force=True)).values()] == ["run"] * 3
    with pytest.raises(InputError, match="`--from` should be one of ingest"):
        Selection(first="doubled")
    with pytest.raises(InputError, match="exclude each other"):
        Selection(first="split", only="tune")


def test_the_configuration_of_a_run_can_be_read_back(tmp_path: Path) -> None:
    toy_run(tmp_path, "demo.days=4")
    expected = load_config(None, None, ["tracking.enabled=false", "demo.days=4"])
    assert read_config(tmp_path) == expected
    with pytest.raises(InputError, match="folder of an earlier run"):
        read_config(tmp_path / "elsewhere")


def test_a_run_killed_at_any_moment_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    toy_run(tmp_path / "whole", "demo.days=40")
    expected = {stage.name: folder_hashes(tmp_path / "whole" / stage.name) for stage in STAGES}
    code = (
        "import sys; from pathlib import Path; from tests.pipeline.toy.running import toy_run\n"
        "toy_run(Path(sys.argv[1]), 'demo.days=40')"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "killed")]
    chance = random.Random(0)
    killed = 0
    for _ in range(6):
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "TOY_PAUSE": "0.02"})
        deadline = time.monotonic() + 30
        while (
            not (tmp_path / "killed" / ".partial").exists() and process.poll() is None and time.monotonic() < deadline
        ):
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.6))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    assert killed
    toy_run(tmp_path / "killed", "demo.days=40")
    assert {stage.name: folder_hashes(tmp_path / "killed" / stage.name) for stage in STAGES} == expected


@pytest.mark.parametrize("pattern", ["", "*/log.csv"])
def test_files_of_one_name_in_several_folders_all_count(
    pattern: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in ("monday", "tuesday"):
        (tmp_path / "logs" / day).mkdir(parents=True)
        (tmp_path / "logs" / day / "log.csv").write_text(day)
    monkeypatch.chdir(tmp_path)
    found = []
    for logs in (tmp_path / "logs", Path("logs")):  # however the same place is called
        found.append(source_hashes(load_config("rees46", None, source_path=logs / pattern if pattern else logs)))
    (tmp_path / "logs" / "monday" / "log.csv").write_text("changed")
    found.append(source_hashes(load_config("rees46", None, source_path=Path("logs"))))
    assert found[0] == found[1]
    assert set(found[0]) == {"monday/log.csv", "tuesday/log.csv"}
    assert [name for name in found[0] if found[0][name] != found[2][name]] == ["monday/log.csv"]


def test_the_default_configuration_is_the_demo() -> None:
    assert PipelineConfig().source.kind == load_config(None, None).source.kind == "demo"
