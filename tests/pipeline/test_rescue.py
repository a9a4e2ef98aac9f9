"""The rescue list as a file."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from data.errors import InputError
from models.nudging.list_total import ListTotal
from pipeline.commands.score import score_command, told
from pipeline.config import PipelineConfig
from pipeline.rescue import Rescuer, write_rescue

CARTS = pd.DataFrame(
    {
        "visitor_id": ["=cmd|' /C calc'!A0", "+1", "-2", "@sum", "plain", None],
        "cart_value": [-1.5, 2.0, 3.0, 4.0, 5.0, 6.0],
    }
)


def test_a_text_that_a_spreadsheet_would_run_is_harmless_in_csv(tmp_path: Path) -> None:
    write_rescue(CARTS, tmp_path / "rescue.csv")
    read = pd.read_csv(tmp_path / "rescue.csv")
    assert read["visitor_id"].tolist()[:5] == ["'=cmd|' /C calc'!A0", "'+1", "'-2", "'@sum", "plain"]
    assert read["cart_value"].tolist() == CARTS["cart_value"].tolist()


def test_parquet_keeps_every_text_as_it_is(tmp_path: Path) -> None:
    write_rescue(CARTS, tmp_path / "rescue.parquet")
    assert pd.read_parquet(tmp_path / "rescue.parquet")["visitor_id"].tolist()[:5] == CARTS["visitor_id"].tolist()[:5]


def test_nothing_half_written_stays(tmp_path: Path) -> None:
    write_rescue(CARTS, tmp_path / "rescue.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["rescue.csv"]
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match="`--output` should be a file that can be written"):
        write_rescue(CARTS, tmp_path / "folder.csv")
    assert {path.name for path in tmp_path.iterdir()} == {"folder.csv", "rescue.csv"}


@pytest.mark.parametrize(("name", "told"), [("out.xlsx", r"\.csv or \.parquet"), ("absent/out.csv", "existing folder")])
def test_an_output_that_cannot_be_is_refused_before_any_work(name: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=told):
        score_command(tmp_path / "log.csv", tmp_path / name, tmp_path / "no-run")


def test_models_whose_log_was_deleted_because_of_its_age_say_so(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "abandonment.keras").write_bytes(b"")
    with pytest.raises(InputError, match=r"has it no more: `clean` deleted it\. Run again"):
        Rescuer(PipelineConfig(), tmp_path)


def test_the_whole_list_is_told_with_its_cost_and_how_sure_it_is() -> None:
    total = ListTotal(1_234, 1_000, cost=500.0, profit=250.0, variance=900.0, risk_error=40.0, response_errors=(0.0,))
    lines = told(total, Path("out.csv"))
    assert lines[0] == (
        "1,234 open carts in out.csv; a nudge pays for 1,000 of them, which cost 500.00 and are expected to bring "
        "250.00 more than that."
    )
    assert "between 152.00 and 348.00 95 times in 100" in lines[1]
    assert "moves it by 30.00" in lines[1]
    assert "of the response by 40.00, the response to a nudge in `[costs]` taken as exact." in lines[1]
    assert "exact" not in told(replace(total, response_errors=(0.0, 30.0)), Path("out.csv"))[1]
