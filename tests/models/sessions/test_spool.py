"""An array is the same in memory and in a file without a name."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.sessions.spool import Spool, pieces, release


@given(st.lists(st.lists(st.integers(-9, 9), max_size=5), max_size=5))
def test_a_file_holds_what_memory_would(tmp_path_factory: pytest.TempPathFactory, parts: list[list[int]]) -> None:
    folder = tmp_path_factory.mktemp("spool")
    for dtype in (np.int8, np.int32, np.float32):
        arrays = []
        for place in (None, folder):
            spool = Spool(dtype, place)
            for part in parts:
                spool.append(np.array(part))
            arrays.append(spool.array())
        memory, file = arrays
        assert memory.dtype == file.dtype == dtype
        np.testing.assert_array_equal(file, memory)
        release(file, memory)
        np.testing.assert_array_equal(file, memory)
    assert list(folder.iterdir()) == []


def test_releasing_a_file_gives_its_memory_back(tmp_path: Path) -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[2])  # pages of files

    spool = Spool(np.int32, tmp_path)
    for piece in range(16):
        spool.append(np.full(2**20, piece))
    array = spool.array()
    before = resident()
    assert int(array[:: 2**10].sum()) == 2**10 * sum(range(16))
    read = resident()
    release(array)
    assert read - before > 8_000
    assert resident() - before < 1_000


@pytest.mark.parametrize("length", [0, 1, 3, 4, 9])
def test_pieces_cover_everything_once(monkeypatch: pytest.MonkeyPatch, length: int) -> None:
    monkeypatch.setattr("models.sessions.spool.PIECE", 3)
    assert [place for piece in pieces(length) for place in range(length)[piece]] == list(range(length))
