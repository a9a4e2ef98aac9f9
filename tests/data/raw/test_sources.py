import gzip
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from data.config import SourceConfig
from data.errors import InputError
from data.raw.sources import find_input
from tests.data.ingesting import COLUMNS, HEADER, run, source

ROW = "u,2024-01-01,view,i\n"
LOG = (HEADER + ROW).encode()


HEADER_PRICE = HEADER.replace("\n", ",price\n")


def refusal(path: Path, config: SourceConfig | None = None) -> str:
    """The message for an input that cannot be used; nothing is left of the attempt."""
    out = path.parent / "refused"
    with pytest.raises(InputError) as raised:
        run(config or source(), path, out)
    assert not list(out.glob("*.json"))
    assert not list(out.glob("events*"))
    return str(raised.value)


@pytest.mark.parametrize(
    ("name", "content", "fields", "words"),
    [
        ("log.csv", b"", {}, ["is empty", "one event a line"]),
        ("log.csv", b"\n\n\n", {}, ["no line with anything"]),
        ("log.csv", HEADER.encode(), {}, ["has no rows"]),
        ("log.csv", LOG.replace(b",", b";"), {}, ['looks delimited by ";"', 'source.delimiter = ";"', '"user;time;']),
        ("log.csv", LOG.replace(b",", b"\t"), {}, ['source.delimiter = "\\t"']),
        ("log.csv", bytes(range(256)) * 50, {}, ["is binary, not text"]),
        ("log.csv", bytes(range(128, 256)) * 50, {}, ["is binary, not text"]),
        ("log.csv", LOG.decode().encode("utf-16"), {}, ["UTF-16", "UTF-8"]),
        ("log.csv", b"PAR1" + b"x" * 50, {}, ["is a Parquet file", 'source.format = "parquet"']),
        ("log.csv", gzip.compress(LOG, mtime=0), {}, ["compressed as gz but not named so"]),
        ("log.csv.gz", LOG, {}, ["ends in .gz but its content is something else"]),
        ("log.csv.gz", gzip.compress(LOG * 500, mtime=0)[:-20], {}, ["could not be read"]),
        ("log.csv.bz2", b"BZh91", {}, ["compressed as bz2", ".gz or .zst"]),
        ("log.csv.xz", b"anything", {}, ["compressed as xz"]),
        ("log.csv", b"PK\x03\x04 zipped", {}, ["compressed as zip"]),
        ("log.dat", LOG, {}, ["not clear from its ending", "source.format"]),
        ("log.parquet", LOG, {}, ["is not a Parquet file"]),
        ("log.parquet", b"PAR1" + b"x" * 50, {}, ["could not be read as parquet"]),
        ("log.jsonl", LOG, {}, ["no JSON object"]),
        ("log.jsonl", b'[{"user": 1}]\n', {}, ["one JSON object a line"]),
        (
            "log.csv",
            LOG.replace(b"item", b"Item_ID"),
            {"columns": {"item_id": "item_id"}},
            ['did you mean "Item_ID"', '"user", "time", "kind", "Item_ID"'],
        ),
        (
            "log.jsonl",
            b'{"user": 1, "time": 1, "kind": 2, "itm": 3}\n',
            {},
            ['item_id should be in "item"; did you mean "itm"'],
        ),
        (
            "log.csv",
            ROW.encode(),
            {"header": False, "columns": {"visitor_id": 0, "ts": 1, "event": 2, "item_id": 7}},
            ['item_id should be in "7"', '"0", "1", "2", "3"'],
        ),
        ("log.csv", ROW.encode(), {}, ["source.header = false"]),
        ("log.csv", LOG, {"time_zone": "Mars/Olympus"}, ["source.time_zone", "Mars/Olympus"]),
        ("log.csv", LOG, {"time_format": "%Q"}, ["could not be read"]),
    ],
)
def test_an_unusable_file_is_refused_in_one_clear_message(
    tmp_path: Path, name: str, content: bytes, fields: dict[str, Any], words: list[str]
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    message = refusal(path, source(**fields))
    assert all(word in message for word in words), message
    assert "Traceback" not in message


def test_a_missing_file_is_named_with_the_nearest_that_exists(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_bytes(LOG)
    assert "does not exist" in refusal(tmp_path / "event.csv")
    assert str(tmp_path / "events.csv") in refusal(tmp_path / "event.csv")


def test_a_column_without_any_item_id_is_refused_with_counts(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(HEADER + "u,2024-01-01,view,\n" * 1200)
    message = refusal(tmp_path / "log.csv")
    assert "1,200 of 1,200 rows (100.0%)" in message
    assert "no row is left" in message
    assert "item_id missing  1,200 rows (e.g. 1, 2, 3)" in message


def test_epoch_times_without_a_declared_unit_are_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(HEADER + "u,1719835200,view,i\n")
    assert "set `source.time_unit`" in refusal(tmp_path / "log.csv")
    assert 'Check `source.time_unit`; it is "s"' in refusal_of_unit(tmp_path, "1719835200000", "s")


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (HEADER_PRICE + 'u,2024-01-01,view,i,"54,63"\n', "a point before their decimals"),
        (HEADER_PRICE + "u,2024-01-01,view,i,NaN\n", 'source.unknown.price = ["NaN"]'),
        ((HEADER_PRICE + "Möller,2024-01-01,view,i,1\n").encode("latin-1"), "Convert the file to UTF-8"),
    ],
)
def test_cells_that_cannot_be_read_come_with_advice(tmp_path: Path, content: str | bytes, advice: str) -> None:
    (tmp_path / "log.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    assert advice in refusal(tmp_path / "log.csv", source({"price": "price"}))


def test_a_column_that_is_there_twice_is_not_guessed_at(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("user,time,kind,item,item\nu,2024-01-01,view,i,j\n")
    assert 'has 2 columns called "item", which `source.columns.item_id` names' in refusal(tmp_path / "log.csv")


def test_columns_beside_files_with_columns_of_their_own_are_refused() -> None:
    family = {"pattern": "*.csv", "columns": COLUMNS}
    with pytest.raises(ValidationError, match=r"`source\.columns` should be left out where `source\.files` is set"):
        source(files=[family])


def refusal_of_unit(folder: Path, time: str, unit: str) -> str:
    (folder / "log.csv").write_text(HEADER + f"u,{time},view,i\n")
    return refusal(folder / "log.csv", source(time_unit=unit))


@pytest.mark.parametrize(("unit", "words"), [("ms", "already"), (None, "Set `source.time_unit`")])
def test_the_type_of_a_parquet_time_must_go_with_the_declared_unit(
    tmp_path: Path, unit: str | None, words: str
) -> None:
    times = [pd.Timestamp("2024-01-01")] if unit else [1_719_835_200]
    pd.DataFrame({"user": ["u"], "time": times, "kind": ["view"], "item": ["i"]}).to_parquet(tmp_path / "log.parquet")
    assert words in refusal(tmp_path / "log.parquet", source(time_unit=unit))


def logs(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(LOG)
    return folder


def found(path: Path, config: SourceConfig | None = None) -> list[str]:
    given = find_input(config or source(), path)
    return [given.name(file) for file in given.files]


def test_a_folder_is_read_in_order_of_names_without_bookkeeping_files(tmp_path: Path) -> None:
    logs(tmp_path, "b.csv", "a.csv", "sub/c.csv", "_SUCCESS", ".hidden/d.csv", "README.md", "_tmp/e.csv")
    assert found(tmp_path) == ["a.csv", "b.csv", "sub/c.csv"]


def test_a_glob_and_its_folders_are_resolved(tmp_path: Path) -> None:
    logs(tmp_path, "2024/a.csv", "2024/b.csv", "2023/a.csv", "2024/b.txt")
    assert found(tmp_path / "20*" / "a.csv") == ["2023/a.csv", "2024/a.csv"]
    assert found(tmp_path / "2024" / "b*", source(format="csv")) == ["b.csv", "b.txt"]
    assert "No file matches" in refusal(tmp_path / "*.parquet")


def test_a_folder_of_several_forms_or_of_none_asks_which(tmp_path: Path) -> None:
    logs(tmp_path / "mixed", "a.csv", "b.jsonl")
    assert "several forms (csv, jsonl)" in refusal(tmp_path / "mixed")
    logs(tmp_path / "none", "a.txt")
    assert '"a.txt"' in refusal(tmp_path / "none")
    assert 'has no tsv file. It has: "a.csv", "b.jsonl"' in refusal(tmp_path / "mixed", source(format="tsv"))
    assert found(tmp_path / "mixed", source(format="csv")) == ["a.csv"]


def test_an_empty_file_among_others_is_left_out_with_a_note(tmp_path: Path) -> None:
    logs(tmp_path, "a.csv", "b.csv")
    (tmp_path / "b.csv").write_bytes(b"")
    given = find_input(source(), tmp_path)
    assert [given.name(file) for file in given.files] == ["a.csv"]
    assert given.notes == ("b.csv is empty and was left out",)


def test_files_with_their_columns_in_another_order_are_read_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    logs(folder, "a.csv", "c.csv")
    (folder / "b.csv").write_text("item,kind,time,user,more\nj,cart,2024-01-02,w,x\n")
    run(source(duplicates="keep"), folder, tmp_path / "out")
    accepted = pd.read_parquet(tmp_path / "out" / "events.parquet")
    assert accepted["item_id"].tolist() == ["i", "j", "i"]
    assert accepted["visitor_id"].tolist() == ["u", "w", "u"]
    assert accepted["row"].tolist() == [1, 2, 3]


def test_several_families_need_a_folder_with_files_of_each(tmp_path: Path) -> None:
    columns = {"visitor_id": 0, "ts": 1, "item_id": 3}
    families = [{"pattern": p, "columns": columns, "event_fixed": "view"} for p in ("a*.csv", "b*.csv")]
    config = SourceConfig(files=families, header=False)
    logs(tmp_path / "logs", "a1.csv", "a2.csv")
    assert "No file in" in refusal(tmp_path / "logs", config)
    assert "should be a folder" in refusal(tmp_path / "logs" / "a1.csv", config)
    twice = SourceConfig(files=[families[0], families[0]], header=False)
    assert "matches two patterns" in refusal(tmp_path / "logs", twice)
