"""Handwritten digits (MNIST, LeCun et al. 1998), read from one NumPy archive."""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data.errors import InputError

CLASSES = 10
NAMES = ("x_train", "y_train", "x_test", "y_test")


@dataclass(frozen=True)
class Digits:
    """Images and what they show."""

    images: npt.NDArray[np.float32]
    """(n, height · width) brightness of the pixels, row by row, from 0 to 1."""

    labels: npt.NDArray[np.int32]
    """(n,) the digits, 0 to 9."""

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: npt.NDArray[np.int64]) -> "Digits":
        """Some of them, in the order of `rows`."""
        return Digits(self.images[rows], self.labels[rows])


def read_digits(path: Path) -> tuple[Digits, Digits]:
    """The training and the test digits of a file, each in file order.

    Args:
        path: an `.npz` file with `x_train` and `x_test`, uint8 (n, height, width), and `y_train` and `y_test`, whole
            numbers (n,); pickled objects in it are refused.

    Raises:
        InputError: no such file, another kind of file, a missing array, or one of another shape, type or range.
    """
    arrays = _read(path)
    for side in ("train", "test"):
        _check(path, side, arrays[f"x_{side}"], arrays[f"y_{side}"])
    if arrays["x_train"].shape[1:] != arrays["x_test"].shape[1:]:
        sizes = " and ".join(str(arrays[name].shape[1:]) for name in ("x_train", "x_test"))
        raise InputError(f"`x_train` and `x_test` in `{path}` should have images of one size. Received: {sizes}")
    train, test = (_digits(arrays[f"x_{side}"], arrays[f"y_{side}"]) for side in ("train", "test"))
    return train, test


def split_digits(digits: Digits, seed: int, validation: int = 10_000) -> tuple[Digits, Digits]:
    """Training and validation digits: shuffled by `seed`, the last `validation` of them stay out of training.

    Raises:
        InputError: `validation` leaves a side empty.
    """
    if not 0 < validation < len(digits):
        raise InputError(
            f"`validation` should be from 1 to {len(digits) - 1}, one less than the digits. Received: {validation}"
        )
    order = np.random.default_rng(seed).permutation(len(digits))
    return digits.take(order[:-validation]), digits.take(order[-validation:])


def _read(path: Path) -> dict[str, npt.NDArray[Any]]:
    if not path.is_file():
        raise InputError(f"The digits should be a NumPy archive (`mnist.npz`). Received: {path}, which is no file")
    if not zipfile.is_zipfile(path):
        raise InputError(f"`{path}` should be a NumPy archive (.npz) of plain arrays. Received: a file of another kind")
    try:
        # Opened here: on a broken archive NumPy leaves its own handle open.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            missing = [name for name in NAMES if name not in file]
            if missing:
                raise InputError(
                    f"`{path}` should hold {', '.join(NAMES)}. Received: {', '.join(file) or 'nothing'}; "
                    f"missing: {', '.join(missing)}"
                )
            return {name: file[name] for name in NAMES}
    except InputError:
        raise
    # Objects in one, or a broken one.
    except (ValueError, TypeError, EOFError, OSError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            f"`{path}` should be a NumPy archive (.npz) of plain arrays. Received: {str(error).splitlines()[0]}"
        ) from None


def _check(path: Path, side: str, images: npt.NDArray[Any], labels: npt.NDArray[Any]) -> None:
    if images.dtype != np.uint8 or images.ndim != 3 or not images.size:
        raise InputError(
            f"`x_{side}` in `{path}` should be uint8 of shape (n, height, width). "
            f"Received: {images.dtype} of shape {images.shape}"
        )
    if not np.issubdtype(labels.dtype, np.integer) or labels.shape != (len(images),):
        raise InputError(
            f"`y_{side}` in `{path}` should be whole numbers of shape {(len(images),)}, one for each image. "
            f"Received: {labels.dtype} of shape {labels.shape}"
        )
    if labels.min() < 0 or labels.max() >= CLASSES:
        raise InputError(
            f"`y_{side}` in `{path}` should be digits from 0 to {CLASSES - 1}. "
            f"Received: {labels.min()} to {labels.max()}"
        )


def _digits(images: npt.NDArray[np.uint8], labels: npt.NDArray[Any]) -> Digits:
    flat = images.reshape(len(images), -1).astype(np.float32)
    flat /= 255.0
    return Digits(flat, labels.astype(np.int32))
