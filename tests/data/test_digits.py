"""Digits come as they are in the file, scaled, and a file that is not such a file is refused in plain words."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.digits import Digits, read_digits, split_digits
from data.errors import InputError


def arrays(**changed: Any) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    found = {
        "x_train": rng.integers(0, 256, (12, 3, 4), np.uint8),
        "y_train": (np.arange(12) % 10).astype(np.uint8),
        "x_test": rng.integers(0, 256, (5, 3, 4), np.uint8),
        "y_test": np.arange(5, dtype=np.uint8),
    }
    return {name: value for name, value in (found | changed).items() if value is not None}


def write(folder: Path, **changed: Any) -> Path:
    path = folder / "digits.npz"
    np.savez(path, **arrays(**changed))
    return path


def test_images_are_flat_from_0_to_1_and_in_file_order(tmp_path: Path) -> None:
    for side, found in zip(("train", "test"), read_digits(write(tmp_path)), strict=True):
        images = arrays()[f"x_{side}"]
        assert found.images.dtype == np.float32
        np.testing.assert_allclose(found.images, images.reshape(len(images), 12) / 255.0, rtol=1e-6)
        np.testing.assert_array_equal(found.labels, arrays()[f"y_{side}"])
        assert len(found) == len(images)


def test_black_is_0_and_white_is_1(tmp_path: Path) -> None:
    images = np.zeros((5, 3, 4), np.uint8)
    images[1:] = 255
    _, test = read_digits(write(tmp_path, x_test=images))
    np.testing.assert_array_equal(test.images, np.repeat([[0.0], [1.0], [1.0], [1.0], [1.0]], 12, axis=1))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"y_test": None}, r"should hold x_train, y_train, x_test, y_test. Received: .*; missing: y_test"),
        ({"x_train": np.zeros((12, 12), np.uint8)}, r"`x_train` in .* shape \(n, height, width\). .*\(12, 12\)"),
        ({"x_train": np.zeros((0, 3, 4), np.uint8)}, r"`x_train` in .* Received: uint8 of shape \(0, 3, 4\)"),
        ({"x_test": np.zeros((5, 3, 4))}, r"`x_test` in .* should be uint8 .* Received: float64"),
        ({"x_test": np.zeros((5, 4, 4), np.uint8)}, r"images of one size. Received: \(3, 4\) and \(4, 4\)"),
        ({"y_train": np.zeros(11, np.uint8)}, r"`y_train` in .* shape \(12,\), one for each image. .*\(11,\)"),
        ({"y_train": np.zeros(12)}, r"`y_train` in .* whole numbers .* Received: float64"),
        ({"y_test": np.array([0, 1, 2, 3, 10])}, r"`y_test` in .* digits from 0 to 9. Received: 0 to 10"),
        ({"y_test": np.array([0, 1, -2, 3, 4])}, r"`y_test` in .* digits from 0 to 9. Received: -2 to 4"),
        ({"y_test": np.array([0, 1, None, 3, 4], dtype=object)}, r"archive \(.npz\) of plain arrays. Received: "),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    path = write(tmp_path, **changed)
    with pytest.raises(InputError, match=message):
        read_digits(path)


@pytest.mark.parametrize("content", [b"", b"x,y\n1,2\n", b"PK\x03\x04 broken"])
def test_another_kind_of_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "digits.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"should be a NumPy archive \(.npz\) of plain arrays"):
        read_digits(path)


def test_a_single_array_and_a_cut_archive_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", np.zeros(3))
    whole = write(tmp_path).read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    for name in ("one.npy", "cut.npz"):
        with pytest.raises(InputError, match=r"should be a NumPy archive \(.npz\) of plain arrays"):
            read_digits(tmp_path / name)


def test_no_file_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Received: .*nowhere.npz, which is no file"):
        read_digits(tmp_path / "nowhere.npz")


@given(seed=st.integers(0, 2**32), validation=st.integers(1, 29))
def test_a_split_has_every_digit_once_with_its_own_label_and_depends_on_the_seed_alone(
    seed: int, validation: int
) -> None:
    digits = Digits(np.arange(30, dtype=np.float32)[:, None], np.arange(30, dtype=np.int32))
    sides = split_digits(digits, seed, validation)
    assert [len(side) for side in sides] == [30 - validation, validation]
    for side, again in zip(sides, split_digits(digits, seed, validation), strict=True):
        np.testing.assert_array_equal(side.images[:, 0], side.labels)
        np.testing.assert_array_equal(side.labels, again.labels)
    assert sorted(np.concatenate([side.labels for side in sides])) == list(range(30))


def test_another_seed_gives_another_split() -> None:
    digits = Digits(np.zeros((30, 1), np.float32), np.arange(30, dtype=np.int32))
    assert (split_digits(digits, 0, 10)[1].labels != split_digits(digits, 1, 10)[1].labels).any()


@pytest.mark.parametrize("validation", [0, 30])
def test_a_split_leaves_no_side_empty(validation: int) -> None:
    digits = Digits(np.zeros((30, 1), np.float32), np.zeros(30, np.int32))
    with pytest.raises(InputError, match=rf"`validation` should be from 1 to 29, .* Received: {validation}"):
        split_digits(digits, 0, validation)
