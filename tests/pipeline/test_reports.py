import json
import os
from pathlib import Path

import pytest

from data.errors import InputError
from pipeline.commands.reports import reports_command
from tests.explain.pages import Page
from tests.explain.results import EVIL


def work(folder: Path, day: int, **summary: object) -> None:
    (folder / "report").mkdir(parents=True)
    (folder / "report" / "index.html").write_text("<p>report</p>")
    path = folder / "summary.json"
    path.write_text(json.dumps({"preset": "demo", **summary}))
    os.utime(path, (86_400 * day, 86_400 * day))


def test_runs_at_any_depth_are_listed_the_latest_first(tmp_path: Path) -> None:
    test = {"auc": 0.81234, "ece": 0.02}
    work(tmp_path / "earlier", 1, abandonment={"test": test, "test_intervals": {"auc": [0.8, 0.82]}})
    work(tmp_path / "deep" / "new #1", 2, abandonment={"skipped": "off"}, recommender={"test": {"recall_at_20": 0.5}})
    (tmp_path / "summary.json").write_text("{}")  # of no run
    reports_command(tmp_path)
    parsed = Page((tmp_path / "reports.html").read_text())
    assert parsed.text.index("deep/new #1") < parsed.text.index("earlier")
    assert all(words in parsed.text for words in ("0.812", "0.800 to 0.820", "2.0%", "0.500", "1970-01-03 00:00 UTC"))
    links = [attributes["href"] for attributes in parsed.all("a")]
    assert links[1:] == ["deep/new%20%231/report/index.html", "earlier/report/index.html"]


def test_names_of_folders_and_presets_run_nothing(tmp_path: Path) -> None:
    work(tmp_path / EVIL[3], 1, preset=EVIL[0])
    reports_command(tmp_path)
    parsed = Page((tmp_path / "reports.html").read_text())
    assert EVIL[0] in parsed.text
    assert not [tag for tag, _ in parsed.elements if tag in ("script", "b")]


def test_a_broken_summary_is_named_and_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work(tmp_path / "good", 1)
    for name, text in (("cut", '{"preset": '), ("list", "[]"), ("odd", '{"abandonment": 3}')):
        work(tmp_path / name, 1)
        (tmp_path / name / "summary.json").write_text(text)
    reports_command(tmp_path)
    printed = capsys.readouterr().out
    assert printed.count("cannot be read") == 3
    assert "1 run:" in printed


def test_a_folder_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no summary\.json"):
        reports_command(tmp_path)
    with pytest.raises(InputError, match="which is none"):
        reports_command(tmp_path / "none")
