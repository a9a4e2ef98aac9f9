"""What `run` and `explain` say of a work folder that has not everything yet, and of pages that cannot be written."""

from pathlib import Path

import pytest

from data.errors import InputError
from pipeline.commands.explain import explain_command
from pipeline.commands.run import run_command
from pipeline.config import load_config
from pipeline.runner import CONFIG


def configured(workdir: Path) -> Path:
    workdir.mkdir()
    (workdir / CONFIG).write_text(load_config("demo", None).model_dump_json())
    return workdir


@pytest.mark.parametrize(("session", "where"), [("v1#1", None), (None, "hour > 3")])
def test_a_run_that_was_stopped_before_it_had_a_model_is_told_to_go_on(
    session: str | None, where: str | None, tmp_path: Path
) -> None:
    workdir = configured(tmp_path / "work")
    with pytest.raises(InputError, match=r"has no model yet\. Run first: python -m pipeline run"):
        explain_command(session, where, None, None, workdir)


@pytest.mark.parametrize("name", ["folder", "file/page.html"])
def test_a_page_that_cannot_be_written_is_refused_before_anything_is_computed(name: str, tmp_path: Path) -> None:
    workdir = configured(tmp_path / "work")
    (workdir / "train").mkdir()
    (workdir / "train" / "abandonment.keras").write_text("of no consequence")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="`--output` should be an HTML page that can be written"):
        explain_command("v1#1", None, None, tmp_path / name, workdir)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder", "work"]


def test_a_page_of_nothing_in_particular_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`--output` should come with `--session` or `--where`"):
        explain_command(None, None, None, tmp_path / "page.html", configured(tmp_path / "work"))


def test_a_stage_alone_names_no_report_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = ("demo.sessions=50", "tracking.enabled=false")
    run_command(None, None, None, settings, tmp_path, None, "ingest", force=False)
    printed = capsys.readouterr().out
    assert "Report" not in printed
    assert f"Summary  {tmp_path / 'summary.json'}" in printed
