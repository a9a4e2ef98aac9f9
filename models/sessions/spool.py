"""Arrays written piece by piece and read as one: in memory, or in files that memory need not hold."""

import mmap
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

PIECE = 2**17
"""Entries of a long array that are looked at together."""


class Spool:
    """One array in the making.

    In a folder its file has no name: it is gone when the array is, and when the process is killed.
    """

    def __init__(self, dtype: npt.DTypeLike, folder: Path | None) -> None:
        """Start an empty array, in memory where no folder is given."""
        self._dtype, self._pieces = np.dtype(dtype), [np.zeros(0, dtype)]
        self._file = None if folder is None else tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `array`

    def append(self, piece: npt.NDArray[Any]) -> None:
        """Add entries at the end."""
        piece = np.ascontiguousarray(piece, dtype=self._dtype)
        if self._file is None:
            self._pieces.append(piece)
        else:
            self._file.write(piece.data)

    def array(self) -> npt.NDArray[Any]:
        """Everything appended, not to be written to; the spool takes no more."""
        if self._file is None:
            return np.concatenate(self._pieces)
        with self._file as file:
            if not file.tell():  # nothing cannot be mapped
                return np.zeros(0, self._dtype)
            file.flush()
            return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), self._dtype)


def release(*arrays: npt.NDArray[Any]) -> None:
    """Give back the memory that reading spooled files took; they are read again where needed."""
    for array in arrays:
        mapped = getattr(array.base, "obj", None)
        if isinstance(mapped, mmap.mmap):
            mapped.madvise(mmap.MADV_DONTNEED)


def pieces(length: int) -> Iterator[slice]:
    """Slices of at most `PIECE` entries that cover an array of the given length."""
    for start in range(0, length, PIECE):
        yield slice(start, min(start + PIECE, length))
