"""A configuration as dotted keys and values: what a result may depend on, and its fingerprint."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

BESIDE = (
    "source.path", "abandonment.warm_start", "recommender.warm_start", "tune.workers", "compare.workers", "retrain",
    "schedule",
)  # fmt: skip
"""Settings and sections that change no result of a run: names of files, whose content counts, how many processes work,
when, and what only `retrain` goes by."""

Table = dict[str, Any]


def as_table(config: BaseModel) -> Table:
    """The configuration as plain JSON-ready values."""
    return config.model_dump(mode="json")


def flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and values of nested tables: `{"a": {"b": 1}}` gives `("a.b", 1)`."""
    for key, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def settings_of(config: BaseModel) -> Table:
    """Dotted keys and values of all settings that a result may depend on."""
    return {key: value for key, value in flat(as_table(config)) if not within(key, BESIDE)}


def within(key: str, sections: tuple[str, ...]) -> bool:
    """Whether a dotted key is one of these settings or in one of these sections."""
    return any(key == section or key.startswith(f"{section}.") for section in sections)


def settings_digest(config: BaseModel) -> str:
    """A fingerprint of these settings: 128 bits as hexadecimal digits."""
    known = json.dumps(settings_of(config), sort_keys=True).encode()
    return hashlib.blake2b(known, digest_size=16).hexdigest()
