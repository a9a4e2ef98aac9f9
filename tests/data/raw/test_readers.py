"""Files as they come: lines that cannot be read, quotes, packing and line ends lose no row and shift no number."""

import gzip
from pathlib import Path

import pandas as pd
import pytest
import zstandard

from data.config import SourceConfig
from tests.data.ingesting import HEADER, events, ingest_text, quarantine, run, source


def test_bytes_that_are_not_utf8_are_quarantined(tmp_path: Path) -> None:
    ingest_text(HEADER.encode() + b"u,2024-01-01,view,i\nu\xff,2024-01-01,view,i\n", tmp_path, source())
    assert quarantine(tmp_path) == [(2, "not UTF-8")]


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
