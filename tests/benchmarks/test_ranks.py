"""Files of ranks keep what is in them, and refuse what is no rank."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.ranks import read_peers, read_ranks, read_seeds, write_ranks, write_seeds


@given(ranks=st.lists(st.one_of(st.integers(1, 10**9), st.just(np.inf)), max_size=20))
def test_ranks_come_back_as_they_were_saved(tmp_path_factory: pytest.TempPathFactory, ranks: list[float]) -> None:
    path = tmp_path_factory.mktemp("ranks") / "ranks.txt"
    write_ranks(path, np.array(ranks, dtype=np.float64))
    np.testing.assert_array_equal(read_ranks(path, len(ranks)), ranks)


@pytest.mark.parametrize("line", ["0", "-3", "2.5", "nan", "", "1 2", "²", "one"])
def test_a_line_that_is_no_rank_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "ranks.txt"
    path.write_text(f"7\n{line}\n1\n")
    with pytest.raises(ValueError, match=r"should have a whole number from 1, or inf, on line 2. Received: "):
        read_ranks(path, 3)


@pytest.mark.parametrize("count", [2, 4])
def test_a_file_has_a_rank_for_each_target(tmp_path: Path, count: int) -> None:
    path = tmp_path / "ranks.txt"
    path.write_text("1\n2\n3\n")
    with pytest.raises(ValueError, match=f"for each of {count} test targets. Received: 3 lines"):
        read_ranks(path, count)


def test_peers_are_read_by_name(tmp_path: Path) -> None:
    (tmp_path / "a=b.txt").write_text("1\ninf\n")
    (tmp_path / "c.txt").write_text("5\n6\n")
    peers = read_peers([f"one={tmp_path / 'a=b.txt'}", f"other={tmp_path / 'c.txt'}"], 2, taken=["vstan"])
    assert {name: ranks.tolist() for name, ranks in peers.items()} == {"one": [1, np.inf], "other": [5, 6]}


@pytest.mark.parametrize("peer", ["ranks.txt", "=ranks.txt", "GRU4Rec=ranks.txt", "two words=ranks.txt", "one="])
def test_a_peer_needs_a_name_and_a_file(peer: str) -> None:
    with pytest.raises(ValueError, match=r"`--peer` should be NAME=FILE"):
        read_peers([peer], 1, taken=[])


def test_a_peer_needs_a_name_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "ranks.txt"
    path.write_text("1\n")
    for peers in ([f"vstan={path}"], [f"one={path}", f"one={path}"]):
        with pytest.raises(ValueError, match="is taken"):
            read_peers(peers, 1, taken=["vstan"])


def test_seeds_come_back_in_their_order(tmp_path: Path) -> None:
    ranks = {seed: np.array([seed + 1.0, np.inf]) for seed in (0, 2, 10)}
    write_seeds(tmp_path / "new" / "folder", ranks)
    (tmp_path / "new" / "folder" / "seed_notes.txt").write_text("not a seed's")
    found = read_seeds(tmp_path / "new" / "folder", 2)
    assert list(found) == [0, 2, 10]
    for seed, one in found.items():
        np.testing.assert_array_equal(one, ranks[seed])


def test_a_folder_without_ranks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"`--from-ranks` should be a folder with files seed_0.txt"):
        read_seeds(tmp_path, 1)
