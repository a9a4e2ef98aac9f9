from pathlib import Path

import pandas as pd
import pytest

from data.config import EngineConfig
from data.engine import engine, read_parquet, with_position, write_parquet
from data.errors import InputError


def write_raw(rows: int, path: Path) -> pd.DataFrame:
    """Rows in no order."""
    keys = [(i * 7919) % rows for i in range(rows)]
    frame = pd.DataFrame({"key": keys, "text": [f"t{key % 97}" for key in keys]})
    frame.to_parquet(path)
    return frame


def test_sorted_files_have_the_same_bytes_for_any_number_of_threads_and_row_order(tmp_path: Path) -> None:
    written = []
    for threads in (1, 2, 4):
        raw, path = tmp_path / "raw.parquet", tmp_path / f"{threads}.parquet"
        frame = write_raw(200_003, raw)
        if threads == 2:
            frame.sort_values("text").to_parquet(raw)
        with engine(EngineConfig(threads=threads), tmp_path) as backend:
            write_parquet(read_parquet(backend, raw).select("key", "text"), path, ["key"])
        written.append(path.read_bytes())
    assert written[0] == written[1] == written[2]


def test_order_of_a_file_is_kept_where_asked(tmp_path: Path) -> None:
    frame = write_raw(300_007, tmp_path / "raw.parquet")
    with engine(EngineConfig(threads=2), tmp_path, keep_order=True) as backend:
        rows = with_position(backend, tmp_path / "raw.parquet")
        write_parquet(rows.filter(rows.key % 3 != 0), tmp_path / "kept.parquet", scratch=True)
    kept = pd.read_parquet(tmp_path / "kept.parquet")
    assert kept["position"].is_monotonic_increasing
    assert kept["key"].tolist() == frame["key"][frame["key"] % 3 != 0].tolist()


def test_paths_with_quotes_blanks_and_glob_marks_are_taken_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "it's [a] *\" folder"
    folder.mkdir()
    with engine(EngineConfig(), folder) as backend:
        backend.raw_sql("CREATE TEMP VIEW two AS SELECT range AS a FROM range(2)")
        write_parquet(backend.table("two"), folder / "x'y.parquet", ["a"])
        assert read_parquet(backend, folder / "x'y.parquet").count().execute() == 2


def test_more_rows_than_memory_are_sorted_on_disk(tmp_path: Path) -> None:
    with engine(EngineConfig(memory_limit_mib=128, threads=2), tmp_path) as backend:
        query = "SELECT hash(range) AS key, repeat('x', 40) || range AS text FROM range(4000000)"
        backend.raw_sql(f"CREATE TEMP VIEW big AS {query}")
        write_parquet(backend.table("big"), tmp_path / "big.parquet", ["key"])
        assert read_parquet(backend, tmp_path / "big.parquet").count().execute() == 4_000_000


def test_times_are_utc_whatever_the_machine_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    with engine(EngineConfig(), tmp_path) as backend:
        assert backend.raw_sql("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]


def test_unknown_time_zone_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'Received: "Europe/Berln"\. Did you mean "Europe/Berlin"'):
        engine(EngineConfig(), tmp_path, time_zone="Europe/Berln").__enter__()


def test_what_no_spilling_can_fit_says_which_setting_to_raise(tmp_path: Path) -> None:
    config = EngineConfig(memory_limit_mib=16, threads=2)
    with pytest.raises(InputError, match=r"Raise `engine\.memory_limit_mib`"), engine(config, tmp_path) as backend:
        backend.raw_sql("SELECT list(hash(range) ORDER BY hash(range)) FROM range(5000000)")
