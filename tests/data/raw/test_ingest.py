"""From a raw log to the event contract and a quarantine."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from data.errors import InputError
from tests.data.ingesting import HEADER, events, ingest_text, quarantine, run, source

FULL = {"session_id": "session", "category": "category", "price": "price", "quantity": "quantity"}
FULL_HEADER = "user,time,kind,item,session,category,price,quantity\n"


GOOD_ROWS = [
    "u,2024-01-01,view,i,,,,",
    "u,2024-01-01,view,i,s,c,0,1",
    "u,2024-01-01,view,i,s,c,1e2,2.0",
    'u,2024-01-01,view,"i,""1""",s,c,1,1',
]
BAD_ROWS = {
    "u,2024-01-01,view,i,s,c,1.5": "too few columns",
    "u,2024-01-01,view,i,s,c,1.5,2,3": "too many columns",
    ",2024-01-01,view,i,s,c,1.5,2": "visitor_id missing",
    '"",2024-01-01,view,i,s,c,1.5,2': "visitor_id missing",
    "u,2024-01-01,view,,s,c,1.5,2": "item_id missing",
    "u,,view,i,s,c,1.5,2": "ts missing",
    "u,2024-13-01,view,i,s,c,1.5,2": "ts not readable",
    "u,infinity,view,i,s,c,1.5,2": "ts not readable",
    "u,now,view,i,s,c,1.5,2": "ts not readable",
    "u,0024-01-01,view,i,s,c,1.5,2": "ts outside the years 1900..2199",
    "u,2200-01-01,view,i,s,c,1.5,2": "ts outside the years 1900..2199",
    "u,2024-01-01,,i,s,c,1.5,2": "event missing",
    "u,2024-01-01,wishlist,i,s,c,1.5,2": "event not recognised",
    "u,2024-01-01,View,i,s,c,1.5,2": "event not recognised",
    "u,2024-01-01,view,i,s,c,-0.01,2": "price < 0",
    "u,2024-01-01,view,i,s,c,free,2": "price not readable",
    "u,2024-01-01,view,i,s,c,nan,2": "price not readable",
    "u,2024-01-01,view,i,s,c,inf,2": "price not readable",
    'u,2024-01-01,view,i,s,c,"1,5",2': "price not readable",
    "u,2024-01-01,view,i,s,c,1.5,0": "quantity < 1",
    "u,2024-01-01,view,i,s,c,1.5,1.5": "quantity not a whole number",
    "u,2024-01-01,view,i,s,c,1.5,9e9": "quantity not a whole number",
    "u,2024-01-01,view,i,s,c,1.5,two": "quantity not readable",
}


def test_rows_that_break_the_contract_are_quarantined_by_their_number_and_reason(tmp_path: Path) -> None:
    rows = [*GOOD_ROWS, *BAD_ROWS]
    ingest_text(FULL_HEADER + "\n".join(rows) + "\n", tmp_path, source(FULL))
    assert quarantine(tmp_path) == list(enumerate(BAD_ROWS.values(), start=len(GOOD_ROWS) + 1))
    assert events(tmp_path)["row"].tolist() == list(range(1, len(GOOD_ROWS) + 1))
    raw = pd.read_parquet(tmp_path / "out" / "quarantine.parquet")["raw"]
    assert [one.replace('"', "") for one in raw] == [row.replace('"', "") for row in BAD_ROWS]


@pytest.mark.parametrize(
    ("text", "fields", "expected"),
    [
        ("2024-07-01 12:00:00", {}, "2024-07-01T12:00:00"),
        ("2024-07-01T12:00:00.123456Z", {}, "2024-07-01T12:00:00.123456"),
        ("2024-07-01 12:00:00 UTC", {"time_zone": "Europe/Berlin"}, "2024-07-01T12:00:00"),
        ("2024-07-01 12:00:00+05:30", {}, "2024-07-01T06:30:00"),
        ("2024-07-01 12:00:00", {"time_zone": "Europe/Berlin"}, "2024-07-01T10:00:00"),
        ("2024-01-01 12:00:00", {"time_zone": "Europe/Berlin"}, "2024-01-01T11:00:00"),
        ("2024-07-01", {"time_zone": "America/New_York"}, "2024-07-01T04:00:00"),
        ("01.07.2024 12:00", {"time_format": "%d.%m.%Y %H:%M"}, "2024-07-01T12:00:00"),
        ("01.07.2024 12:00", {"time_format": "%d.%m.%Y %H:%M", "time_zone": "Asia/Shanghai"}, "2024-07-01T04:00:00"),
        ("01.07.2024 12:00 +0200", {"time_format": "%d.%m.%Y %H:%M %z"}, "2024-07-01T10:00:00"),
        ("1719835200", {"time_unit": "s"}, "2024-07-01T12:00:00"),
        ("1719835200.25", {"time_unit": "s"}, "2024-07-01T12:00:00.250000"),
        ("1719835200123", {"time_unit": "ms", "time_zone": "Asia/Tokyo"}, "2024-07-01T12:00:00.123000"),
        ("1719835200123457", {"time_unit": "us"}, "2024-07-01T12:00:00.123457"),
    ],
)
def test_times_are_read_by_the_declared_rule_and_kept_in_utc(
    tmp_path: Path, text: str, fields: dict[str, Any], expected: str
) -> None:
    result = ingest_text(HEADER + f"u,{text},view,i\n", tmp_path, source(**fields))
    assert events(tmp_path)["ts"].tolist() == [datetime.fromisoformat(expected)]
    assert result["first_ts"] == expected


@pytest.mark.parametrize(("unit", "notes"), [("s", 0), ("ms", 1)])
def test_seconds_taken_for_milliseconds_are_noted(tmp_path: Path, unit: str, notes: int) -> None:
    found = ingest_text(HEADER + "u,1719835200,view,i\n", tmp_path, source(time_unit=unit))["notes"]
    assert [note for note in found if f'is `source.time_unit` really "{unit}"?' in note] == found
    assert len(found) == notes


def test_a_declared_range_has_its_start_and_not_its_end(tmp_path: Path) -> None:
    days = "".join(f"u,2024-01-0{day},view,i\n" for day in range(1, 6))
    ingest_text(HEADER + days, tmp_path, source(time_from="2024-01-02", time_to="2024-01-04T05:00:00+05:00"))
    assert events(tmp_path)["row"].tolist() == [2, 3]
    assert set(quarantine(tmp_path)) == {(row, "ts outside time_from..time_to") for row in (1, 4, 5)}


REPEATS = HEADER + "u,2024-01-01,view,i\nu,2024-01-01,cart,i\nu,2024-01-01,view,i\nu,2024-01-01 00:00:00,view,i\n"


def test_duplicates_are_kept_dropped_or_rejected_as_declared(tmp_path: Path) -> None:
    kept = ingest_text(REPEATS, tmp_path, source(duplicates="keep"))
    assert (kept["accepted"], kept["duplicates_dropped"], kept["bad"]) == (4, 0, 0)
    dropped = ingest_text(REPEATS, tmp_path, source(duplicates="drop"))
    assert (dropped["accepted"], dropped["duplicates_dropped"], dropped["bad"]) == (2, 2, 0)
    assert events(tmp_path)["row"].tolist() == [1, 2]
    rejected = ingest_text(REPEATS, tmp_path, source(duplicates="reject"))
    assert (rejected["accepted"], rejected["duplicates_dropped"], rejected["bad"]) == (2, 0, 2)
    assert quarantine(tmp_path) == [(3, "duplicate row"), (4, "duplicate row")]


def test_rows_that_differ_in_one_mapped_column_are_no_duplicates(tmp_path: Path) -> None:
    base = ["u", "2024-01-01", "view", "i", "s", "c", "1", "1"]
    rows = [base] + [
        [*base[:k], new, *base[k + 1 :]] for k, new in enumerate(["w", "2024-01-02", "cart", "j", "", "d", "", "2"])
    ]
    result = ingest_text(FULL_HEADER + "".join(",".join(row) + "\n" for row in rows), tmp_path, source(FULL))
    assert result["accepted"] == 9


def test_ignored_events_are_left_out_and_counted_even_where_they_lack_an_item(tmp_path: Path) -> None:
    config = source(events={"view": "view", "search": "ignore"})
    result = ingest_text(HEADER + "u,2024-01-01,view,i\nu,2024-01-01,search,\n", tmp_path, config)
    assert (result["rows"], result["accepted"], result["ignored"], result["bad"]) == (2, 1, 1, 0)


def test_declared_unknown_values_are_null_and_unknown_ids_are_missing(tmp_path: Path) -> None:
    config = source(FULL, unknown={"price": ["0", "n/a"], "quantity": ["0"], "category": ["none"], "visitor_id": ["-"]})
    rows = "u,2024-01-01,view,i,s,none,0.00,0\nu,2024-01-01,cart,i,s,c,n/a,1\n-,2024-01-01,view,i,s,c,1,1\n"
    ingest_text(FULL_HEADER + rows, tmp_path, config)
    accepted = events(tmp_path)
    assert accepted["price"].isna().all()
    assert accepted["quantity"].isna().tolist() == [True, False]
    assert accepted["category"].isna().tolist() == [True, False]
    assert quarantine(tmp_path) == [(3, "visitor_id missing")]


def test_too_many_bad_rows_stop_the_run_and_leave_a_readable_quarantine(tmp_path: Path) -> None:
    rows = ["u,2024-01-01,view,i"] * 8 + ["u,2024-01-01,wishlist,i", "u,2024-01-01,gift,i"]
    (tmp_path / "log.csv").write_text(HEADER + "\n".join(rows) + "\n")
    copy = tmp_path / "kept" / "quarantine.parquet"
    config = source(duplicates="keep")
    with pytest.raises(InputError) as raised:
        run(config, tmp_path / "log.csv", tmp_path / "out", max_bad_share=0.19, quarantine_copy=copy)
    assert str(raised.value) == (
        "Ingest stopped: 2 of 10 rows (20.0%) break the event contract; `max_bad_share` is 19.0%.\n"
        '  event not recognised  2 rows (e.g. 9 "wishlist", 10 "gift")\n'
        'Event names not recognised: "gift", "wishlist". In `source.events` map each to one of '
        'view, cart, uncart, purchase, favourite or "ignore".\n'
        f"All of them are in {copy}.\n"
        "Mend the file or `source`, or raise `ingest.max_bad_share`, then give the same command again."
    )
    assert pd.read_parquet(copy)["row"].tolist() == [9, 10]
    assert not (tmp_path / "out" / "ingest.json").exists()
    assert run(config, tmp_path / "log.csv", tmp_path / "out", max_bad_share=0.2)["accepted"] == 8


def test_the_same_log_gives_the_same_bytes_for_any_number_of_threads(tmp_path: Path) -> None:
    rows = [f"u{n % 977},2024-01-01 00:{n % 60:02}:00,view,i{n % 1009}" if n % 1500 else "u,x" for n in range(150_000)]
    (tmp_path / "log.csv").write_text(HEADER + "\n".join(rows) + "\n")
    written = []
    for threads in (1, 2, 4):
        run(source(), tmp_path / "log.csv", tmp_path / "out", threads=threads)
        written.append(
            [(tmp_path / "out" / name).read_bytes() for name in ("events.parquet", "quarantine.parquet", "ingest.json")]
        )
    assert written[0] == written[1] == written[2]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "events.parquet", "ingest.json", "quarantine.parquet"]  # fmt: skip
