"""Real logs from the command line, with no code: each preset on the data it is for."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from tests.e2e.conftest import SMALL, pipeline


def run(home: Path, *arguments: str | Path) -> dict[str, Any]:
    pipeline("run", "--workdir", home / "work", *arguments, *SMALL, "--set", "explain.max_rows=200", home=home)
    assert (home / "work" / "report" / "index.html").exists()
    summary: dict[str, Any] = json.loads((home / "work" / "summary.json").read_text())
    return summary


def test_three_hours_of_a_shop_run_and_are_said_to_prove_little(retail_data: Path, tmp_path: Path) -> None:
    summary = run(tmp_path, "--preset", "rees46", "--input", retail_data / "rees46" / "2019-Oct.csv")
    assert any("prove" in warning for warning in summary["abandonment"]["warnings"])
    report = (tmp_path / "work" / "report" / "index.html").read_text()
    assert "only the level is calibrated" in report  # too few validation examples of one class
    assert summary["abandonment"]["test"]["auc"] is None or 0 <= summary["abandonment"]["test"]["auc"] <= 1


def test_taobao_quarantines_its_cut_off_line_and_stray_dates(retail_data: Path, tmp_path: Path) -> None:
    log = retail_data / "taobao" / "UserBehavior.csv"
    summary = run(tmp_path, "--preset", "taobao", "--input", log)
    quarantine = pd.read_parquet(tmp_path / "work" / "ingest" / "quarantine.parquet")
    last = quarantine.sort_values("row").iloc[-1]
    assert last["row"] == len(log.read_bytes().splitlines())
    assert "too few columns" in last["reason"]
    assert quarantine["reason"].str.contains("outside").sum() == 35
    assert len(quarantine) == 36
    assert summary["abandonment"]["test"]["auc"] > 0.5


def test_a_feature_table_has_no_recommender_and_says_why(retail_data: Path, tmp_path: Path) -> None:
    summary = run(
        tmp_path,
        "--preset",
        "features",
        "--input",
        retail_data / "retailrocket_cart_sessions" / "prefix_dataset.parquet",
        "--set",
        "source.label=y",
        "--set",
        "source.abandoned=0",
        "--set",
        "source.group=visitorid",
        "--set",
        "source.decision_point=cutoff_k",
    )
    assert "no items" in summary["recommender"]["skipped"]
    assert summary["stages"]["ingest"]["status"] == "not applicable"
    assert summary["abandonment"]["test"]["auc"] > 0.6
    notes = json.loads((tmp_path / "work" / "split" / "split.json").read_text())["notes"]
    assert any("session_key" in note for note in notes)


def test_the_leak_guard_names_page_values(retail_data: Path, tmp_path: Path) -> None:
    summary = run(tmp_path, "--preset", "uci", "--input", retail_data / "uci" / "online_shoppers_intention.csv")
    assert summary["abandonment"]["test"]["auc"] > 0.88
    leaks = json.loads((tmp_path / "work" / "split" / "leaks.json").read_text())
    assert [leak["feature"] for leak in leaks] == ["PageValues"]
    assert "PageValues" in (tmp_path / "work" / "report" / "index.html").read_text()
