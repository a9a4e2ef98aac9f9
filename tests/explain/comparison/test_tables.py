"""The tables, on the page and as CSV."""

import csv
import io
import json

from explain.comparison.rows import read_comparison
from explain.comparison.tables import settings_text, standing_csv, standing_table, trials_csv, trials_table
from tests.explain.comparison.results import RATE, Row, alternative, broken, optimizers, result, trial


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_csv_has_every_figure_of_every_alternative() -> None:
    found = optimizers()
    rows = read(standing_csv(read_comparison(found)))
    for row, source in zip(rows, found["alternatives"], strict=True):
        assert row["name"] == source["name"]
        assert json.loads(row["settings"]) == source["settings"]
        if source["quality"]:
            assert [float(row[name]) for name in ("quality", "quality_low", "quality_high")] == source["quality"]
            assert [float(row[name]) for name in ("behind", "behind_low", "behind_high")] == source["behind"]
            assert row["level"] == str(source["behind"][1] <= 0)
    assert (rows[-1]["rank"], rows[-1]["level"], rows[-1]["failed_trials"]) == ("", "", "2")
    assert rows[-1]["error"] == "ValueError: loss is NaN"


def test_the_csv_of_trials_has_a_column_a_setting() -> None:
    one = alternative("one", trials=[trial({RATE: 0.1, "=evil": "+1"}, 0.6), trial({"dropout": 0.2}, None)])
    rows = read(trials_csv(read_comparison(result(one))))
    assert [row[RATE] for row in rows] == ["0.1", ""]
    assert [row["dropout"] for row in rows] == ["", "0.2"]
    assert rows[0]["'=evil"] == "'+1"
    assert [row["status"] for row in rows] == ["completed", "failed"]


def test_no_cell_of_the_csv_runs_in_a_spreadsheet() -> None:
    row: Row = alternative("one", title="=1+1", reference="@sum", seconds=None) | {"error": "-2"}
    texts = read(standing_csv(read_comparison(result(row))))[0]
    assert (texts["title"], texts["reference"], texts["error"]) == ("'=1+1", "'@sum", "'-2")


def test_the_page_says_who_is_level_and_what_failed() -> None:
    found = read_comparison(result(alternative("one"), alternative("two", (0.1, -0.1, 0.2), None), broken("three")))
    rows = [[cell if isinstance(cell, str) else cell.text for cell in row] for row in standing_table(found).rows]
    assert [row[0] for row in rows] == ["1. One", "2. Two", "Three"]
    assert [row[3] for row in rows] == ["best", "yes", "–"]
    assert [row[4] for row in rows] == ["3 s", "not reached", "–"]
    assert [row[6] for row in rows] == ["0 of 3", "0 of 3", "2 of 2"]
    assert rows[2][7] == "failed: ValueError: loss is NaN"
    assert len(trials_table(found).rows) == 8


def test_settings_keep_the_figures_that_tell_them_apart() -> None:
    text = settings_text({RATE: 0.00123456, "optimizer.beta_2": 0.999, "units": [64, 32], "residual": True})
    assert text == "learning rate 0.00123, beta 2 0.999, units [64, 32], residual True"
