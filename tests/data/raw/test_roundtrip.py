"""Whatever keeps the contract comes through unchanged, whatever file it came in; and no row is lost on the way."""

import csv
import json
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from data.config import EngineConfig, SourceConfig
from data.contract import COLUMNS, validate
from data.engine import engine, read_parquet
from data.event import EVENTS
from tests.data.ingesting import events, run

FIELDS = [name for name in COLUMNS if name != "row"]
SOURCE = {"columns": {name: name for name in FIELDS}, "duplicates": "keep"}
SOME = settings(max_examples=8, deadline=None)

names = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=6)
logs = st.lists(
    st.fixed_dictionaries(
        {
            "visitor_id": names,
            "session_id": st.none() | names,
            "ts": st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31)),
            "event": st.sampled_from(EVENTS),
            "item_id": names,
            "category": st.none() | names,
            "price": st.none() | st.floats(0, 1e12, allow_nan=False),
            "quantity": st.none() | st.integers(1, 2**31 - 1),
        }
    ),
    min_size=1,
    max_size=30,
)


def write_delimited(log: list[dict[str, Any]], path: Path, delimiter: str) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, FIELDS, delimiter=delimiter)
        writer.writeheader()
        writer.writerows(log)


def write(log: list[dict[str, Any]], path: Path) -> None:
    if path.suffix == ".parquet":
        schema = ibis.schema({name: COLUMNS[name] for name in FIELDS}).to_pyarrow()
        parquet.write_table(pa.Table.from_pylist(log, schema=schema), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row, default=str, ensure_ascii=False) + "\n" for row in log))
    else:
        write_delimited(log, path, "\t" if path.suffix == ".tsv" else ",")


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".parquet"])
@SOME
@given(log=logs)
def test_events_that_keep_the_contract_come_through_every_form_unchanged(
    ending: str, log: list[dict[str, Any]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(log, folder / f"log{ending}")
        result = run(SourceConfig(**SOURCE), folder / f"log{ending}", folder / "out")
        with engine(EngineConfig(), folder) as backend:
            accepted = validate(read_parquet(backend, folder / "out" / "events.parquet")).to_pyarrow().to_pylist()
    assert accepted == [row | {"row": number} for number, row in enumerate(log, start=1)]
    assert (result["rows"], result["bad"]) == (len(log), 0)


GOOD = ["u{},2024-01-01,view,i", "u{},2024-01-01 10:00:00,cart,i", '"u,{}",2024-01-02,view,"i""1"""']
BAD = ["u{}", "u{},2024-01-01,view,i,j", "u{},yesterday,view,i", "u{},2024-01-01,gift,i", ",2024-01-01,view,{}"]
IGNORED = ["u{},2024-01-01,search,"]


@SOME
@given(
    kinds=st.lists(st.sampled_from([*GOOD, *BAD, *IGNORED]), min_size=1, max_size=40),
    repeats=st.lists(st.integers(0, 39), max_size=10),
    rule=st.sampled_from(["keep", "drop", "reject"]),
)
def test_every_row_is_accepted_bad_ignored_or_a_dropped_duplicate(
    kinds: list[str], repeats: list[int], rule: str
) -> None:
    rows = [kind.format(number) for number, kind in enumerate(kinds)]
    rows = ["u,2024-01-01,view,first", *rows, *(rows[at % len(rows)] for at in repeats)]
    good = [row for row in rows if "search" not in row and not any(_is(row, bad) for bad in BAD)]
    config = SourceConfig(
        columns={"visitor_id": "u", "ts": "t", "event": "e", "item_id": "i"},
        events={"view": "view", "cart": "cart", "search": "ignore"},
        duplicates=rule,
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "log.csv").write_text("u,t,e,i\n" + "\n".join(rows) + "\n")
        result = run(config, folder / "log.csv", folder / "out")
        quarantined = pd.read_parquet(folder / "out" / "quarantine.parquet")
        accepted = events(folder)
    assert result["accepted"] + result["bad"] + result["duplicates_dropped"] + result["ignored"] == result["rows"]
    assert result["rows"] == len(rows)
    assert result["accepted"] == len(accepted) == len(good if rule == "keep" else set(good))
    assert result["bad"] == len(quarantined) == sum(reason["count"] for reason in result["reasons"].values())
    assert result["duplicates_dropped"] == (len(good) - len(set(good)) if rule == "drop" else 0)
    assert not set(accepted["row"]) & set(quarantined["row"])


def _is(row: str, kind: str) -> bool:
    before, after = kind.split("{}")
    return row.startswith(before) and row.endswith(after) and row[len(before) : len(row) - len(after)].isdigit()


@SOME
@given(seconds=st.integers(-(2**31), 7 * 10**9), unit=st.sampled_from(["s", "ms", "us"]))
def test_epoch_times_are_exact_in_every_unit(seconds: int, unit: str) -> None:
    per_second = {"s": 1, "ms": 1_000, "us": 1_000_000}[unit]
    number = seconds * per_second + per_second // 3
    config = SourceConfig(columns={"visitor_id": 0, "ts": 1, "event": 2, "item_id": 3}, header=False, time_unit=unit)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "log.csv").write_text(f"u,{number},view,i\n")
        run(config, folder / "log.csv", folder / "out")
        (ts,) = events(folder)["ts"]
    assert ts == datetime(1970, 1, 1) + timedelta(microseconds=number * (1_000_000 // per_second))
