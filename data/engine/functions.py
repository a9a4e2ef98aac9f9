"""Functions of the engine's SQL that Ibis does not have."""
# mypy: disable-error-code="untyped-decorator, valid-type"
# (Ibis declares them by decorators that have no types.)

import ibis
import ibis.expr.datatypes as dt


@ibis.udf.scalar.builtin(name="try_strptime")
def parse_time(text: str, form: str) -> dt.Timestamp(scale=6):
    """A time from text in a strptime format, null where it does not fit."""


@ibis.udf.scalar.builtin(name="try_strptime")
def parse_instant(text: str, form: str) -> dt.Timestamp(timezone="UTC", scale=6):
    """A time from text in a strptime format that has an offset, null where it does not fit."""


@ibis.udf.scalar.builtin(name="timezone")
def at_zone(zone: str, ts: dt.Timestamp(scale=6)) -> dt.Timestamp(timezone="UTC", scale=6):
    """The instant at which clocks in a zone show a time."""


@ibis.udf.scalar.builtin(name="timezone")
def wall_time(zone: str, ts: dt.Timestamp(timezone="UTC", scale=6)) -> dt.Timestamp(scale=6):
    """What clocks in a zone show at an instant."""


@ibis.udf.scalar.builtin(name="make_timestamp")
def from_microseconds(microseconds: dt.int64) -> dt.Timestamp(scale=6):
    """A time from microseconds since 1970."""


@ibis.udf.scalar.builtin(name="json_valid")
def is_json(text: str) -> bool:
    """Whether a text is JSON."""
    return bool(text)


@ibis.udf.scalar.builtin(name="json_extract_string")
def json_fields(text: str, paths: list[str]) -> list[str]:
    """Values at JSON paths as text, null where absent; raises where `text` is not JSON."""
    return [text, *paths]


@ibis.udf.scalar.builtin(name="json_extract_string")
def json_field(text: str, path: str) -> str:
    """The value at a JSON path as text, null where absent; raises where `text` is not JSON."""
    return text + path


@ibis.udf.scalar.builtin(name="json_extract_string")
def json_items(text: str, path: str) -> list[str]:
    """The JSON texts that a path with a `*` matches; raises where `text` is not JSON."""
    return [text, path]


@ibis.udf.scalar.builtin(name="regexp_extract_all")
def find_all(text: str, pattern: str, group: int) -> list[str]:
    """What a group of a regular expression holds at each of its matches."""
    return [text, pattern, str(group)]


@ibis.udf.scalar.builtin(name="sha256")
def sha256_hex(value: dt.binary) -> str:
    """SHA-256 of bytes, in hexadecimal digits."""
    return str(value)


@ibis.udf.scalar.builtin(name="unhex")
def unhex(digits: str) -> dt.binary:
    """The bytes that hexadecimal digits stand for."""
    return bytes.fromhex(digits)


@ibis.udf.scalar.builtin(name="hex")
def hex_digits(text: str) -> str:
    """A text's bytes in UTF-8, in hexadecimal digits."""
    return text.encode().hex()
