"""What a file's first bytes and names give away, for messages that say what is wrong with it."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from data.errors import InputError

PACKED = {".gz": b"\x1f\x8b", ".zst": b"\x28\xb5\x2f\xfd", ".zstd": b"\x28\xb5\x2f\xfd"}
"""Endings of compressed files that are read as they are, and the bytes those begin with."""

OTHER_PACKED = {
    ".bz2": b"BZh",
    ".xz": b"\xfd7zXZ",
    ".zip": b"PK\x03\x04",
    ".7z": b"7z\xbc\xaf",
    ".rar": b"Rar!",
    ".lz4": b"\x04\x22\x4d\x18",
    ".br": None,
    ".lzma": None,
    ".snappy": None,
}
"""Endings of compressed files that are not read, and the bytes those begin with where they have any."""

HEAD = 1 << 16


def is_packed(file: Path) -> bool:
    """Whether a file's name says that it is compressed in a way that is read."""
    return file.suffix.lower() in PACKED


def check_packing(file: Path) -> None:
    """Refuse a file that is compressed in an unknown way, or not as its name says.

    Raises:
        InputError: with what to do about it.
    """
    head = _head(file)
    ending = file.suffix.lower()
    for other, magic in OTHER_PACKED.items():
        if ending == other or (magic is not None and head.startswith(magic)):
            raise InputError(
                f"`{file}` is compressed as {other[1:]}, which is not read. Unpack it, or pack it as .gz or .zst."
            )
    for packed, magic in PACKED.items():
        if head.startswith(magic) and not is_packed(file):
            raise InputError(f"`{file}` is compressed as {packed[1:]} but not named so. Rename it to end in {packed}.")
    if is_packed(file) and not head.startswith(PACKED[ending]):
        raise InputError(f"`{file}` ends in {ending} but its content is something else. Rename or repack it.")


def check_content(file: Path, *, binary: bool) -> None:
    """Refuse a file whose first bytes cannot be what it should be.

    Args:
        file: a file that is not empty.
        binary: whether it should be Parquet instead of text.

    Raises:
        InputError: bytes that are no Parquet, or no text.
    """
    head = _head(file)
    if binary:
        if not head.startswith(b"PAR1"):
            raise InputError(f"`{file}` is not a Parquet file. Set `source.format` to what it is.")
    elif not is_packed(file):
        _check_text(file, head)


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(HEAD)
    except OSError as error:
        raise InputError(f"`{file}` could not be read: {error.strerror}. Check its permissions.") from error


def _check_text(file: Path, head: bytes) -> None:
    if head.startswith(b"PAR1"):
        raise InputError(f'`{file}` is a Parquet file. Set `source.format = "parquet"`.')
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"`{file}` is UTF-16 text. Expected UTF-8: convert it (iconv -f UTF-16 -t UTF-8).")
    text = head.decode("utf-8", errors="replace")
    if b"\x00" in head or text.count("\ufffd") > len(text) / 10:
        raise InputError(f"`{file}` is binary, not text. Expected CSV, TSV, JSON lines or Parquet.")


def other_delimiter(line: str, delimiter: str) -> str | None:
    """The delimiter, other than the given one, that a line seems to use; none where it has none of the usual."""
    usual = [mark for mark in ",;\t|" if mark != delimiter and mark in line]
    best = max(usual, key=line.count, default=None)
    return best if best is not None and line.count(best) > line.count(delimiter) else None


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The known name that is spelled most like `name`, if any is near."""
    folded = {one.lower(): one for one in known}
    near = difflib.get_close_matches(name.lower(), list(folded), n=1, cutoff=0.6)
    return folded[near[0]] if near else None


def quoted(names: Sequence[str], most: int = 30) -> str:
    """Names as a list for a message, the first ones where there are many."""
    shown = ", ".join(f'"{name[:60]}"' for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")
