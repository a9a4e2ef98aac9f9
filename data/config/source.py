"""Configuration of where the data come from and what they mean."""

from datetime import datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from data.moments import naive_utc
from data.strict import StrictModel


class ColumnConfig(StrictModel):
    """Which column of the source holds which field of the event contract.

    A name for a file with a header or for a JSON key, a 0-based position for a headerless file.
    """

    visitor_id: str | int
    """Column with the visitor's id."""

    ts: str | int
    """Column with the time of the event."""

    item_id: str | int
    """Column with the item's id."""

    event: str | int | None = None
    """Column with the kind of event; not needed where `event_fixed` is set."""

    session_id: str | int | None = None
    """Column with the source's own session id."""

    category: str | int | None = None
    """Column with the item's category."""

    price: str | int | None = None
    """Column with the item's price, ≥ 0."""

    quantity: str | int | None = None
    """Column with how many pieces the event is about, ≥ 1. An event without a quantity is about one piece."""


class FileConfig(StrictModel):
    """One file, or one family of files of the same form, in a source that has several (clicks beside buys)."""

    pattern: str
    """Glob of the files, relative to `--input`."""

    columns: ColumnConfig
    """Where the contract's fields are in these files."""

    event_fixed: Literal["view", "cart", "uncart", "purchase", "favourite"] | None = None
    """The event that every row of these files is, where the file has no event column."""


class SourceConfig(StrictModel):
    """Where the data come from and what their columns mean."""

    kind: Literal["demo", "events", "features", "digits"] = "events"
    """`demo` simulates a shop; `events` reads a log of shop events; `features` reads a ready table of examples;
    `digits` reads images of handwritten digits, which `tune` and `compare` take, to try optimizers and searches on."""

    path: Path | None = None
    """The input: a file, a folder or a glob. `--input` overrides it."""

    format: Literal["csv", "tsv", "jsonl", "otto", "parquet"] | None = None
    """Form of the files; taken from the file's ending where not set. `otto` is that data set's nested JSON lines."""

    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    """Delimiter of a delimited file where it is neither a comma (csv) nor a tab (tsv)."""

    header: bool = True
    """Whether the first line of a delimited file names the columns."""

    columns: ColumnConfig | None = None
    """Where the contract's fields are. Needed for `events` unless `files` is set."""

    files: tuple[FileConfig, ...] = ()
    """Several families of files with columns of their own, instead of `columns`."""

    events: dict[str, Literal["view", "cart", "uncart", "purchase", "favourite", "ignore"]] = {
        "view": "view",
        "cart": "cart",
        "uncart": "uncart",
        "purchase": "purchase",
        "favourite": "favourite",
    }
    """The source's event names and what each is; a name not listed breaks the contract and is quarantined."""

    unknown: dict[
        Literal["visitor_id", "ts", "item_id", "session_id", "category", "price", "quantity"], tuple[str, ...]
    ] = Field(default_factory=dict)
    """Values that mean "not known", by field; an empty one always does. `unknown.price = ["0"]` where a log writes 0
    for a price it has not."""

    time_unit: Literal["s", "ms", "us"] | None = None
    """Unit of a numeric epoch time. Not set: the time is text, in `time_format` or ISO 8601."""

    time_format: str | None = None
    """strptime format of a time given as text; ISO 8601 where not set."""

    time_zone: str = "UTC"
    """IANA name of the zone of times that carry no offset of their own."""

    time_from: datetime | None = None
    """Events before this moment break the contract (a declared range, for logs with stray dates). UTC where naive."""

    time_to: datetime | None = None
    """Events at or after this moment break the contract. UTC where naive."""

    duplicates: Literal["keep", "drop", "reject"] = "drop"
    """Rows equal in every mapped column: keep them all, keep the first and count the rest, or quarantine the rest."""

    label: str | None = None
    """`features`: the label column."""

    abandoned: str | int | float | bool | None = None
    """`features`: the value of `label` that means abandoned; every other value means bought."""

    group: str | None = None
    """`features`: column whose rows belong together (visitor, session); split by it where there is no `time`."""

    time: str | None = None
    """`features`: column to split by time."""

    decision_point: str | None = None
    """`features`: column with k, the number of events after the first cart event. It is a feature as well."""

    categorical: tuple[str, ...] = ()
    """`features`: columns used as categories."""

    exclude: tuple[str, ...] = ()
    """`features`: columns left out."""

    hashed: bool = False
    """Whether its ids are the pseudonyms of `ingest.hash_visitors` already, and stay as they are."""

    @model_validator(mode="after")
    def _range(self) -> Self:
        first, end = self.time_from, self.time_to
        if first is not None and end is not None and naive_utc(first) >= naive_utc(end):
            raise ValueError(f"`source.time_from` should be before `source.time_to`. Received: {first} and {end}")
        return self

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "events" and self.columns is None and not self.files:
            raise ValueError(
                '`source.columns` (or `source.files`) is needed where `source.kind` is "events"; or name a `--preset`'
            )
        if self.kind == "events" and self.columns is not None and self.files:
            raise ValueError(
                "`source.columns` should be left out where `source.files` is set, each of which has columns of its own"
            )
        if self.kind == "features" and (self.label is None or self.abandoned is None):
            raise ValueError('`source.label` and `source.abandoned` are needed where `source.kind` is "features"')
        return self
