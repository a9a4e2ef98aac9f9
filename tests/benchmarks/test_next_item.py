"""The comparison with ranks that another system gave, on a split small enough to count by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import next_item
from benchmarks.next_item_cases import Cases
from models.sessions.sequences import from_lists
from models.sessions.vocabulary import build_vocabulary

SESSIONS = [["a", "b", "c"], ["b", "a", "d"], ["c", "d", "a"]] * 4
TESTS = [("a", "b"), ("b", "b"), ("c", "d"), ("d", "a")]
"""Prefix and target of four sessions, the second a repeat."""

Compare = Callable[[list[list[Any]], dict[str, list[Any]]], dict[str, Any]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "train_sequences.jsonl").write_text("".join(json.dumps(one) + "\n" for one in SESSIONS))
    rows = [{"prefix": [prefix], "target": target} for prefix, target in TESTS]
    (tmp_path / "test_prefix_target.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def write(path: Path, ranks: list[Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{rank}\n" for rank in ranks))


@pytest.fixture
def compare(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Compare:
    """Runs the benchmark on our ranks by seed and those of peers: its figures, and its targets."""

    def run(ours: list[list[Any]], peers: dict[str, list[Any]]) -> dict[str, Any]:
        for seed, ranks in enumerate(ours):
            write(folder / "ours" / f"seed_{seed}.txt", ranks)
        words = ["next_item", "--quick", "--data", str(folder), "--from-ranks", str(folder / "ours")]
        for name, ranks in peers.items():
            write(folder / f"{name}.txt", ranks)
            words += ["--peer", f"{name}={folder / name}.txt"]
        monkeypatch.setattr("sys.argv", words)
        with pytest.raises(SystemExit) as end:
            next_item.main()
        found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert end.value.code == (0 if found["met"] else 1)
        return {**found["figures"], "targets": found["targets"]}

    return run


def test_metrics_of_ours_are_means_over_the_seeds_and_a_peers_are_its_own(compare: Compare) -> None:
    found = compare([[1, 2, 21, "inf"], [1, 4, 20, 30]], {"peer": [2, 21, 1, 1]})
    assert found["recall_at_20"] == pytest.approx((0.5 + 0.75) / 2)
    assert found["mrr_at_20"] == pytest.approx((1 + 1 / 2 + 1 + 1 / 4 + 1 / 20) / 8)
    assert found["recall_at_20_seed_1"] == 0.75
    assert found["peer_recall_at_20"] == 0.75
    assert found["peer_mrr_at_20"] == pytest.approx(2.5 / 4)
    assert (found["peer_recall_at_20_repeats"], found["peer_recall_at_20_new"]) == (0.0, 1.0)


def test_a_peer_with_our_ranks_is_level_with_ours(compare: Compare) -> None:
    ours = [1, 2, 40, 2]
    found = compare([ours, ours], {"same": ours})
    for end in ("low", "high"):
        assert found[f"recall_at_20_gain_over_same_{end}"] == found[f"mrr_at_20_gain_over_same_{end}"] == 0.0


def test_a_peer_behind_by_the_same_everywhere_is_behind_by_a_sure_amount(compare: Compare) -> None:
    found = compare([[1, 1, 1, 1]], {"behind": [2, 2, 2, 2], "lost": ["inf"] * 4})
    for end in ("low", "high"):
        assert found[f"mrr_at_20_gain_over_behind_{end}"] == pytest.approx(0.5)
        assert found[f"recall_at_20_gain_over_lost_{end}"] == 1.0


def test_a_peer_that_is_better_misses_its_targets(compare: Compare) -> None:
    found = compare([[21, 21, 21, 21]], {"peer": [1, 1, 1, 1]})
    assert found["targets"]["recall_at_20_gain_over_peer_low"] == ">= 0"
    assert found["targets"]["mrr_at_20_gain_over_peer_low"] == ">= 0"
    assert found["recall_at_20_gain_over_peer_high"] == -1.0


def test_a_wrong_file_is_told_before_anything_is_trained(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder / "short.txt", [1, 2])
    monkeypatch.setattr("sys.argv", ["next_item", "--data", str(folder), "--peer", f"peer={folder / 'short.txt'}"])
    with pytest.raises(SystemExit) as end:
        next_item.main()
    assert end.value.code == 2
    assert "should have a rank for each of 4 test targets. Received: 2 lines" in capsys.readouterr().err


def test_the_interval_of_a_difference_goes_target_by_target(compare: Compare) -> None:
    found = compare([[1, 30, 1, 30]], {"like": [1, 30, 1, 30], "unlike": [30, 1, 30, 1]})
    assert found["recall_at_20_gain_over_like_high"] == found["recall_at_20_gain_over_like_low"]
    assert found["recall_at_20_gain_over_unlike_high"] - found["recall_at_20_gain_over_unlike_low"] > 0.9
    assert np.isclose(found["like_recall_at_20"], found["unlike_recall_at_20"])


def test_targets_are_parted_by_whether_they_are_new_and_what_came_before() -> None:
    few = [str(number) for number in range(10)]
    vocabulary = build_vocabulary(from_lists([[*few, "31 events"], ["31 events"] * 30, ["32 events"] * 32]))
    sessions = [
        ["0", "0"],
        ["0", "1"],
        ["0", "32 events"],
        ["0", "31 events"],
        [*few, "31 events"],
        [*few, "32 events"],
    ]
    cases = Cases(from_lists(sessions, session_ids=[str(number) for number in range(6)]), vocabulary, 20)
    assert {part: np.flatnonzero(rows).tolist() for part, rows in cases.parts.items()} == {
        "repeats": [0],
        "new": [1, 2, 3, 4, 5],
        "new_after_10_items": [4, 5],
        "new_under_32_events": [1, 3, 4],
    }
