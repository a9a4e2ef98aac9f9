"""Sequences read from Parquet are what was written, and vocabularies are in order."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError
from models.sessions.sequences import UNKNOWN, Sequences, from_lists, join, read_sequences
from models.sessions.vocabulary import build_vocabulary

SESSIONS = st.lists(st.lists(st.sampled_from(["a", "b", "c", "d", "é", "10"]), max_size=6), max_size=8)


def write(
    path: Path,
    items: list[list[str] | None],
    events: list[list[str] | None] | None = None,
    gaps: list[list[float | None] | None] | None = None,
) -> Path:
    table = pa.table(
        {
            "session_id": pa.array([f"s{row}" for row in range(len(items))], pa.string()),
            "visitor_id": pa.array(["v"] * len(items), pa.string()),
            "session_start": pa.array([datetime(2024, 5, 1, 10, row) for row in range(len(items))], pa.timestamp("us")),
            "items": pa.array(items, pa.list_(pa.string())),
            "events": pa.array(
                events or [[] if s is None else ["view"] * len(s) for s in items], pa.list_(pa.string())
            ),
            "gaps": pa.array(gaps or [[] if s is None else [0.0] * len(s) for s in items], pa.list_(pa.float32())),
        }
    )
    pq.write_table(table, path, row_group_size=3)
    return path


def lists(sequences: Sequences) -> list[list[str]]:
    return [sequences.session(position) for position in range(len(sequences))]


@given(SESSIONS)
@settings(max_examples=25, deadline=None)
def test_what_is_written_is_what_is_read(tmp_path_factory: pytest.TempPathFactory, sessions: list[list[str]]) -> None:
    path = write(tmp_path_factory.mktemp("sequences") / "sequences.parquet", list(sessions))
    found = read_sequences(path)
    assert lists(found) == sessions
    assert found.session_ids == tuple(f"s{row}" for row in range(len(sessions)))
    assert found.lengths().tolist() == [len(session) for session in sessions]


def test_events_and_times_stay_beside_their_sessions(tmp_path: Path) -> None:
    path = write(
        tmp_path / "s.parquet",
        [["a", "a"], None, ["b"]],
        [["view", "cart"], None, ["purchase"]],
        [[0.0, 2.5], None, [9.0]],
    )
    found = read_sequences(path)
    assert found.events.tolist() == [0, 1, 3]
    assert found.gaps.tolist() == [0.0, 2.5, 9.0]
    assert lists(found) == [["a", "a"], [], ["b"]]
    assert found.starts[2] == np.datetime64("2024-05-01T10:02")


def test_sessions_read_into_files_are_those_read_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.sessions.sequences.BATCH", 2)
    monkeypatch.setattr("models.sessions.spool.PIECE", 3)
    sessions = [["a", "b"], None, ["c"], ["b", "b", "d", "a"], [], ["e", "a"], ["a"]]
    gaps = [None if session is None else [float(len(session))] * len(session) for session in sessions]
    path = write(tmp_path / "s.parquet", sessions, gaps=gaps)  # type: ignore[arg-type]
    memory, files = read_sequences(path), read_sequences(path, tmp_path)
    for first, second in (
        (memory, files),
        (join(memory, from_lists([["x", "a"]])), join(files, from_lists([["x", "a"]]))),
    ):
        assert lists(second) == lists(first)
        assert second.names == first.names
        for name in ("codes", "events", "gaps", "offsets", "starts"):
            np.testing.assert_array_equal(getattr(second, name), getattr(first, name))
    assert lists(files.take(np.array([3, 0]))) == [["b", "b", "d", "a"], ["a", "b"]]
    assert (memory.session_ids[3], files.session_ids) == ("s3", ())
    assert [file.name for file in tmp_path.iterdir()] == ["s.parquet"]


@given(SESSIONS, st.data())
@settings(max_examples=25, deadline=None)
def test_taking_sessions_takes_their_events(sessions: list[list[str]], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.integers(0, len(sessions) - 1), max_size=6) if sessions else st.just([]))
    gaps = [[float(number + 10 * row) for number in range(len(session))] for row, session in enumerate(sessions)]
    log = from_lists(sessions, gaps=gaps)
    taken = log.take(np.array(chosen, dtype=np.int64))
    assert lists(taken) == [sessions[position] for position in chosen]
    assert taken.gaps.tolist() == [gap for position in chosen for gap in gaps[position]]
    both = join(log, taken)
    assert lists(both) == sessions + lists(taken)
    assert both.gaps.tolist() == log.gaps.tolist() + taken.gaps.tolist()


def test_what_nobody_told_is_unknown_and_not_made_up() -> None:
    log = from_lists([["a", "b"], ["c"]])
    assert log.events.tolist() == log.gaps.tolist() == [UNKNOWN] * 3


def test_the_vocabulary_is_in_order_of_popularity_and_leaves_rare_and_empty_items_out() -> None:
    sequences = from_lists([["b", "a", "a", ""], ["c", "b", "a", ""], ["d"]])
    vocabulary = build_vocabulary(sequences, 2)
    assert vocabulary.items == ("a", "b")
    assert vocabulary.counts.tolist() == [3, 2]
    assert vocabulary.encode(sequences).tolist() == [2, 1, 1, 0, 0, 2, 1, 0, 0]
    assert build_vocabulary(from_lists([["y", "x"]])).items == ("x", "y")
    assert len(build_vocabulary(from_lists([]))) == 0


def test_a_file_that_cannot_be_sequences_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no item sequences at"):
        read_sequences(tmp_path / "missing.parquet")
    pq.write_table(pa.table({"items": [["a"]]}), tmp_path / "columns.parquet")
    with pytest.raises(InputError, match="Missing: session_id, session_start, events, gaps"):
        read_sequences(tmp_path / "columns.parquet")
    (tmp_path / "junk.parquet").write_bytes(b"not a table")
    with pytest.raises(InputError, match="no Parquet file"):
        read_sequences(tmp_path / "junk.parquet")
    with pytest.raises(InputError, match="same length in every row"):
        read_sequences(write(tmp_path / "uneven.parquet", [["a", "b"], ["c"]], [["view"], ["view", "view"]]))
    with pytest.raises(InputError, match="`items` and `gaps` should have the same length"):
        read_sequences(write(tmp_path / "short.parquet", [["a", "b"]], gaps=[[1.0]]))
    for gap, told in ((-1.0, "-1"), (None, "nan"), (float("inf"), "inf")):
        with pytest.raises(InputError, match=f"seconds, 0 or more. Received: {told}"):
            read_sequences(write(tmp_path / "gap.parquet", [["a"]], gaps=[[gap]]))
    with pytest.raises(InputError, match="1 null items"):
        read_sequences(write(tmp_path / "null.parquet", [["a", None]]))  # type: ignore[list-item]
    with pytest.raises(InputError, match=r"Received: \['wishlist'\]"):
        read_sequences(write(tmp_path / "strange.parquet", [["a"]], [["wishlist"]]))
