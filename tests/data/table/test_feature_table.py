import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.config import SourceConfig, SplitConfig
from data.errors import InputError
from data.examples import read_examples
from data.table.feature_table import feature_table, read_feature_rows, split_feature_table
from data.table.table_file import read_table
from tests.data.ingesting import HEADER, events, ingest_text
from tests.data.ingesting import source as log_source


def source(**fields: Any) -> SourceConfig:
    return SourceConfig(**({"kind": "features", "label": "y", "abandoned": 0} | fields))


def frame(rows: int = 40, **columns: Any) -> pd.DataFrame:
    random = np.random.default_rng(0)
    table = {"y": np.arange(rows) % 2, "x": random.random(rows), "who": np.arange(rows) // 2}
    return pd.DataFrame(table | columns)


def read(folder: Path, text: str, **fields: Any) -> pd.DataFrame:
    path = folder / "table.csv"
    path.write_text(text)
    return read_table(source(**fields), path)


def test_numbers_and_truth_values_become_features_and_the_rest_is_left_out_with_a_note() -> None:
    table = frame(flag=[True, False] * 20, word=["a", "b"] * 20, month=["Jan", None] * 20)
    examples, specs, notes = feature_table(source(group="who", categorical=("month",)), table)
    assert [(spec.name, spec.kind) for spec in specs] == [
        ("x", "numeric"), ("flag", "numeric"), ("month", "categorical")
    ]  # fmt: skip
    assert list(examples["flag"][:2]) == [1.0, 0.0]
    assert list(examples["month"][:2]) == ["Jan", None]
    assert notes == ("Left out `word`: not numeric and not named in `source.categorical` (2 values).",)
    assert list(examples["abandoned"][:2]) == [1, 0]
    assert list(examples["visitor_id"][:4]) == ["0", "0", "1", "1"]


@pytest.mark.parametrize(
    ("cells", "abandoned"),
    [
        (["TRUE", "FALSE"], False),
        (["TRUE", "FALSE"], "false"),
        (["TRUE", "FALSE"], 0),
        (["1", "0"], 0),
        (["1", "0"], "0"),
        (["1.0", "0.0"], False),
        (["bought", "left"], "left"),
    ],
)
def test_the_abandoned_value_is_found_however_it_is_spelled(tmp_path: Path, cells: list[str], abandoned: Any) -> None:
    table = read(tmp_path, "y,x\n" + "".join(f"{cell},{i}\n" for i, cell in enumerate(cells)))
    examples, _, _ = feature_table(source(abandoned=abandoned), table)
    assert list(examples["abandoned"]) == [0, 1]


def test_rows_without_group_and_time_stand_alone() -> None:
    examples, _, _ = feature_table(source(), frame())
    assert examples["visitor_id"].is_unique
    assert examples[["session_id", "ts", "session_start"]].isna().all(axis=None)


def test_a_group_spans_the_times_of_its_rows() -> None:
    when = [f"2024-01-{1 + i:02d} 12:00:00" for i in range(6)]
    table = frame(6, when=when)
    examples, specs, _ = feature_table(source(group="who", time="when", time_zone="Europe/Berlin"), table)
    assert [spec.name for spec in specs] == ["x"]
    assert examples["ts"][0] == pd.Timestamp("2024-01-01 11:00")
    assert list(examples["session_start"][:2]) == [pd.Timestamp("2024-01-01 11:00")] * 2
    assert list(examples["session_end"][:2]) == [pd.Timestamp("2024-01-02 11:00")] * 2


def test_times_around_a_change_of_the_clocks_are_read_as_ingest_reads_them(tmp_path: Path) -> None:
    when = ["2025-03-30 01:59:00", "2025-03-30 02:30:00", "2025-10-26 02:30:00", "2025-10-26 03:00:00"]
    examples, _, _ = feature_table(source(time="when", time_zone="Europe/Berlin"), frame(4, when=when))
    log = "".join(f"u,{moment},view,i{row}\n" for row, moment in enumerate(when))
    ingest_text(HEADER + log, tmp_path, log_source(time_zone="Europe/Berlin"))
    assert list(examples["ts"]) == events(tmp_path)["ts"].tolist()


@pytest.mark.parametrize("time_format", [None, "%Y-%m-%dT%H:%M:%S%z"])
def test_offsets_may_differ_from_row_to_row(time_format: str | None) -> None:
    when = ["2025-03-01T12:00:00+01:00", "2025-06-01T12:00:00+02:00"]
    examples, _, _ = feature_table(source(time="when", time_format=time_format), frame(2, when=when))
    assert list(examples["ts"]) == [pd.Timestamp("2025-03-01 11:00"), pd.Timestamp("2025-06-01 10:00")]


def test_an_epoch_needs_its_unit() -> None:
    table = frame(when=np.arange(40) + 1_700_000_000)
    with pytest.raises(InputError, match=r"`source.time_unit`"):
        feature_table(source(time="when"), table)
    examples, _, _ = feature_table(source(time="when", time_unit="s"), table)
    assert examples["ts"][0] == pd.Timestamp("2023-11-14 22:13:20")


def test_the_decision_point_is_a_key_and_a_feature() -> None:
    examples, specs, _ = feature_table(source(decision_point="k"), frame(k=np.arange(40)))
    assert specs[0].name == "decision_point"
    assert "k" not in examples
    assert list(examples["decision_point"][:3]) == [0, 1, 2]


@pytest.mark.parametrize(
    ("fields", "columns", "message"),
    [
        ({"label": "Y2"}, {}, r"`source.label` should name a column. Received: Y2. Did you mean `y`\?"),
        ({"group": "whom"}, {}, r"`source.group`.*Did you mean `who`\?"),
        ({"categorical": ("x", "z")}, {}, "`source.categorical` should name a column. Received: z"),
        ({"exclude": ("z",)}, {}, "`source.exclude`"),
        ({}, {"empty": [None] * 40}, r"Column `empty` has no value.*source.exclude='\[\"empty\"\]'"),
        ({}, {"big": [np.inf] * 40}, "Column `big` has infinite values in 40 rows"),
        ({}, {"visitor_id": range(40)}, "cannot be called `visitor_id`"),
        ({"abandoned": 2}, {}, "`source.abandoned` should be a value of `y`. Received: 2. Values there: 0, 1"),
        ({}, {"y": [0] * 40}, "`y` is 0 in all 40 rows"),
        ({}, {"y": [0, None] * 20}, r"empty in 20 rows \(e.g. row 2\)"),
        ({"group": "who"}, {"who": [1, None] * 20}, "`source.group` names who, which is empty in 20 rows"),
        ({"time": "when"}, {"when": ["2025-03-01T12:00:00", "2025-03-01T12:00:00Z"] * 20}, "some have an offset"),
        ({"time": "when", "time_zone": "Europe/Berln"}, {"when": ["2025-03-01"] * 40}, "`source.time_zone` should be"),
        ({"time": "when"}, {"when": ["soon"] * 40}, "`source.time` names when, which is no time"),
        ({"decision_point": "k"}, {"k": [0.5] * 40}, "whole numbers"),
        ({"exclude": ("x", "who")}, {}, "No column can be a feature"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(fields: dict[str, Any], columns: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        feature_table(source(**fields), frame(**columns))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"y,x\n", "2 columns and no row"),
        (b"y;x\n1;2\n0;3\n", r"parted by \";\": set `source.delimiter`"),
        (b"\x00\x01\x02\xff" * 400, "binary"),
        (b"y,x\n1,2\n0,3,4\n", "could not be read as csv"),
        (b"y,x\n" + b"1,2\n" * 3000 + b"0,3,4\n", "Line: 3002. Expected Number of Columns: 2 Found: 3"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        feature_table(source(), read_table(source(), path))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_table(source(), tmp_path / "none.csv")


def test_rows_to_score_need_no_label_but_every_feature(tmp_path: Path) -> None:
    _, specs, _ = feature_table(source(), frame())
    frame()[["who", "x"]].to_csv(tmp_path / "new.csv", index=False)
    rows = read_feature_rows(source(), tmp_path / "new.csv", specs)
    np.testing.assert_allclose(rows.features["x"], frame()["x"], rtol=1e-6)
    frame()[["who"]].to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(InputError, match="feature x"):
        read_feature_rows(source(), tmp_path / "new.csv", specs)


def test_the_cart_table_splits_by_visitor(retail_data: Path, tmp_path: Path) -> None:
    path = retail_data / "retailrocket_cart_sessions" / "prefix_dataset.parquet"
    config = source(group="visitorid", decision_point="cutoff_k")
    facts = split_feature_table(config, path, SplitConfig(), tmp_path)
    counts = facts["counts"]
    assert facts["by"] == "group"
    assert sum(counts[side]["examples"] for side in counts) == 91_036
    assert [counts[side]["examples"] / 91_036 for side in counts] == pytest.approx([0.7, 0.1, 0.2], abs=0.02)
    assert any("`session_key`" in note for note in facts["notes"])
    assert json.loads((tmp_path / "split.json").read_text()) == facts
    test = read_examples(tmp_path, "test")
    assert len(test.specs) == 14
    assert test.abandoned.mean() == pytest.approx(0.76, abs=0.02)
