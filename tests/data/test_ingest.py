import gzip
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import zstandard

from data.config import SourceConfig
from data.errors import InputError
from tests.data.ingesting import HEADER, events, ingest_text, preset, quarantine, run, source

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


def test_bytes_that_are_not_utf8_are_quarantined(tmp_path: Path) -> None:
    ingest_text(HEADER.encode() + b"u,2024-01-01,view,i\nu\xff,2024-01-01,view,i\n", tmp_path, source())
    assert quarantine(tmp_path) == [(2, "not UTF-8")]


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


def test_row_numbers_count_unreadable_lines_in_every_file(tmp_path: Path) -> None:
    """Bad lines at the start, in runs, across the numbering's block border and at the end of each of three files."""
    bad = {"a.csv": {1, 2, 4096, 4097, 4098, 6000}, "b.csv": {1}, "c.csv": {5, 4001}}
    lengths = {"a.csv": 6000, "b.csv": 1, "c.csv": 4001}
    folder = tmp_path / "logs"
    folder.mkdir()
    expected, start = [], 0
    for name, length in lengths.items():
        rows = ["u,2024" if n in bad[name] else f"u,2024-01-01,view,{name}{n}" for n in range(1, length + 1)]
        (folder / name).write_text(HEADER + "\n".join(rows) + "\n")
        expected += [(f"{name}{n}", start + n) for n in range(1, length + 1) if n not in bad[name]]
        start += length
    result = run(source(), folder, tmp_path / "out")
    accepted = events(tmp_path)
    assert list(zip(accepted["item_id"], accepted["row"], strict=True)) == expected
    quarantined = pd.read_parquet(tmp_path / "out" / "quarantine.parquet")
    assert {name: set(group["row"]) for name, group in quarantined.groupby("file")} == bad
    assert (result["rows"], result["files"]) == (10_002, ["a.csv", "b.csv", "c.csv"])


def test_an_open_quote_loses_no_row(tmp_path: Path) -> None:
    rows = [f"u,2024-01-01,view,i{n}" for n in range(5000)]
    rows[7] = 'u,2024-01-01,view,"i7'
    rows[9] = 'u,2024-01-01,view,"i,""9"""'
    rows[11] = "u,2024-01-01"
    rows[13] = "u,2024-01-01,view,i13,more"
    rows[4000], rows[4010] = 'u,2024-01-01,view,"i4000', 'u,2024-01-01,view,i4010"'
    result = ingest_text(HEADER + "\n".join(rows) + "\n", tmp_path, source())
    assert (result["rows"], result["accepted"]) == (5000, 4995)
    assert quarantine(tmp_path) == [
        (8, "quote not closed"), (12, "too few columns"), (14, "too many columns"),
        (4001, "quote not closed"), (4011, "quote not closed")]  # fmt: skip
    assert events(tmp_path)["item_id"].iloc[8] == 'i,"9"'
    assert result["notes"]


def test_an_open_quote_that_a_later_one_closes_loses_no_row(tmp_path: Path) -> None:
    rows = [f"u,2024-01-01,view,i{n}" for n in range(50)]
    rows[20], rows[30] = 'u,2024-01-01,view,"i20', 'u,2024-01-01,view,i30"'
    assert ingest_text(HEADER + "\n".join(rows) + "\n", tmp_path, source())["rows"] == 50
    assert quarantine(tmp_path) == [(21, "quote not closed"), (31, "quote not closed")]


def test_a_quoted_cell_of_no_interest_may_span_lines(tmp_path: Path) -> None:
    rows = 'u,2024-01-01,view,a,"so\nlong"\nu,2024-01-01,view\nu,2024-01-01,view,c,\n'
    ingest_text("user,time,kind,item,comment\n" + rows, tmp_path, source())
    assert events(tmp_path)["item_id"].tolist() == ["a", "c"]
    assert quarantine(tmp_path) == [(2, "too few columns")]


@pytest.mark.parametrize("lines", ["\r\n", "\n"])
@pytest.mark.parametrize("bom", [b"\xef\xbb\xbf", b""])
def test_line_ends_and_byte_order_marks_of_other_systems_are_no_data(tmp_path: Path, lines: str, bom: bytes) -> None:
    text = (HEADER + "u,2024-01-01,view,i\nu,2024-01-01,view,j").replace("\n", lines)
    assert ingest_text(bom + text.encode(), tmp_path, source())["bad"] == 0
    assert events(tmp_path)["item_id"].tolist() == ["i", "j"]


def test_gzip_and_zstd_hold_the_same_events_as_plain_text(tmp_path: Path) -> None:
    text = (HEADER + "".join(f"u,2024-01-01,view,i{n}\n" for n in range(100))).encode()
    packed = {"a.csv": text, "b.csv.gz": gzip.compress(text), "c.csv.zst": zstandard.compress(text)}
    seen = []
    for name, content in packed.items():
        ingest_text(content, tmp_path, source(), name)
        seen.append(events(tmp_path))
    pd.testing.assert_frame_equal(seen[0], seen[1])
    pd.testing.assert_frame_equal(seen[0], seen[2])


def test_json_lines_may_lack_optional_keys_and_have_others(tmp_path: Path) -> None:
    config = SourceConfig(
        columns={"visitor_id": "u", "ts": "t", "event": "e", "item_id": "i", "price": "p"}, time_unit="s"
    )
    lines = [
        '{"u": 1, "t": 1719835200, "e": "view", "i": "x", "p": 1.25, "more": [1, {"z": 2}]}',
        '{"i": "y", "e": "cart", "t": 1719835200, "u": "1"}',
        "",
        '{"u": 1, "t": 17198',
        "[1, 2]",
        '{"u": "", "t": 1719835200, "e": "view", "i": "x"}',
    ]
    ingest_text("\n".join(lines) + "\n", tmp_path, config, "log.jsonl")
    assert events(tmp_path)["price"].fillna(-1).tolist() == [1.25, -1]
    assert events(tmp_path)["visitor_id"].tolist() == ["1", "1"]
    assert [reason for _, reason in quarantine(tmp_path)] == ["not valid JSON"] + ["visitor_id missing"] * 2


def test_otto_sessions_become_events_and_broken_ones_are_quarantined(tmp_path: Path) -> None:
    lines = [
        {"session": 7, "events": [{"aid": 1, "ts": 1659304800025, "type": "clicks"},
                                  {"aid": 2, "ts": 1659304904511, "type": "carts"}]},
        {"session": 8, "events": [{"aid": 3, "ts": 1659304904511, "type": "orders"},
                                  {"aid": 3, "ts": "soon", "type": "orders"}]},
        {"session": 9},
    ]  # fmt: skip
    text = "\n".join(json.dumps(line) for line in lines) + '\n{"session": 10, "events": [{"aid"\n'
    ingest_text(text, tmp_path, preset("otto"), "train.jsonl")
    accepted = events(tmp_path)
    assert accepted[["visitor_id", "event", "item_id"]].to_numpy().tolist() == [
        ["7", "view", "1"], ["7", "cart", "2"], ["8", "purchase", "3"]]  # fmt: skip
    assert accepted["ts"].iloc[0] == datetime(2022, 7, 31, 22, 0, 0, 25_000)
    assert [reason for _, reason in quarantine(tmp_path)] == [
        "ts not readable", "no events in the session", "not valid JSON"]  # fmt: skip


def test_yoochoose_joins_clicks_and_buys(tmp_path: Path) -> None:
    folder = tmp_path / "yoochoose"
    folder.mkdir()
    (folder / "yoochoose-clicks.dat").write_text("1,2014-04-07T10:51:09.277Z,214536502,0\n")
    (folder / "yoochoose-buys.dat").write_text(
        "1,2014-04-07T10:54:09.868Z,214536502,12462,2\n1,2014-04-07T10:55:00.000Z,214536500,0,0\n"
    )
    result = run(preset("yoochoose"), folder, tmp_path / "out")
    accepted = events(tmp_path)
    assert accepted["event"].tolist() == ["view", "purchase", "purchase"]
    assert accepted["visitor_id"].tolist() == accepted["session_id"].tolist() == ["1"] * 3
    assert accepted["price"].fillna(-1).tolist() == [-1, 12462, -1]
    assert accepted["row"].tolist() == [1, 2, 3]
    assert result["bad"] == 0


def test_retailrocket_logs_are_read(tmp_path: Path) -> None:
    header = "timestamp,visitorid,event,itemid,transactionid\n"
    rows = "1433221332117,257597,view,355908,\n1433224214164,992329,transaction,248676,5\n"
    ingest_text(header + rows, tmp_path, preset("retailrocket"))
    assert events(tmp_path)["event"].tolist() == ["view", "purchase"]
    assert events(tmp_path)["ts"].iloc[0] == datetime(2015, 6, 2, 5, 2, 12, 117_000)


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
        "Mend the file or `source`, or raise `ingest.max_bad_share`; then: python -m pipeline run --from ingest"
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


def test_taobao_quarantines_the_cut_off_line_and_what_is_out_of_range(retail_data: Path, tmp_path: Path) -> None:
    result = run(preset("taobao"), retail_data / "taobao" / "UserBehavior.csv", tmp_path / "out")
    assert {name: reason["count"] for name, reason in result["reasons"].items()} == {
        "ts outside time_from..time_to": 35, "too few columns": 1}  # fmt: skip
    assert result["rows"] == 84_476
    assert result["reasons"]["too few columns"]["examples"][0]["row"] == 84_476


def test_rees46_is_read_with_sessions_categories_and_prices(retail_data: Path, tmp_path: Path) -> None:
    result = run(preset("rees46"), retail_data / "rees46" / "2019-Oct.csv", tmp_path / "out")
    frame = pd.read_csv(retail_data / "rees46" / "2019-Oct.csv", skipfooter=1, engine="python", dtype=str)
    mapped = frame.drop(columns=["category_code", "brand"]).drop_duplicates()
    assert result["accepted"] == len(mapped)
    assert result["events"]["cart"] == (mapped["event_type"] == "cart").sum()
    assert events(tmp_path)["price"].tolist() == mapped["price"].astype(float).tolist()
    assert events(tmp_path)["category"].notna().all()
