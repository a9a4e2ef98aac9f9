"""Rows that break the event contract: a table of them, counts by reason, and the message when they are too many."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis

from data.config import IngestConfig, SourceConfig
from data.errors import InputError
from data.event import EVENTS
from data.raw.mapping import DUPLICATE, IGNORED, NOT_A_NUMBER, OUTSIDE_YEARS, UNREADABLE_TIME, UNRECOGNISED
from data.raw.numbering import NOT_UTF8, Numbering
from data.raw.sniff import quoted

EXAMPLES = 3
NAMES = 20
"""Most event names that are listed."""


@dataclass(frozen=True)
class Reason:
    """One way of breaking the contract."""

    name: str
    """The reason, in a few words."""

    count: int
    """Rows it holds for."""

    examples: tuple[dict[str, Any], ...]
    """The first of them: `file`, `row` and `value`, the text at fault, where it is one field's."""

    values: tuple[tuple[str, int], ...] = ()
    """For events that are not recognised: the names and how often each is there, the most frequent ones."""


def quarantine(rows: ibis.Table, numbering: Numbering, repeated: ibis.Table | None) -> ibis.Table:
    """All rows that break the contract.

    Args:
        rows: mapped rows with `position`, `file`, `reason`, `value` and `raw`.
        numbering: their numbers, and the lines that were not even read.
        repeated: `position` of rows that are bad for repeating another; none where they are not bad.

    Returns:
        `file` (name), `row` (in the file, 1-based), `reason`, `value` (null where no one field is at fault), `raw`.
    """
    bad = rows.filter(rows.reason.notnull() & (rows.reason != IGNORED))
    if repeated is not None:
        again = rows.semi_join(repeated, "position").mutate(reason=ibis.literal(DUPLICATE))
        fields = ["visitor_id", "session_id", "ts", "event", "item_id", "category", "price", "quantity"]
        raw = ibis.literal(", ").join([again[name].cast(str).fill_null("") for name in fields])
        bad = bad.union(again.mutate(raw=raw))
    numbered = numbering.numbered(bad)
    named = numbered.join(numbering.files, "file")
    result = named.select(
        file=named.name, row=named.row - named.start, reason=named.reason, value=named.value, raw=named.raw
    )
    if numbering.unread is None:
        return result
    unread = numbering.unread
    return result.union(unread.select("file", "row", "reason", value=ibis.null(str), raw=unread.raw))


def reasons_of(bad: ibis.Table) -> tuple[Reason, ...]:
    """Counts and examples of the bad rows by reason, the most frequent first.

    Args:
        bad: what `quarantine` gives.
    """
    counts = bad.group_by("reason").aggregate(n=bad.count()).order_by(ibis.desc("n"), "reason").to_pyarrow().to_pylist()
    order = ibis.row_number().over(ibis.window(group_by="reason", order_by=["file", "row"]))
    first = bad.select("reason", "file", "row", "value", order=order)
    first = first.filter(first.order < EXAMPLES).order_by("reason", "order").drop("order")
    examples: dict[str, list[dict[str, Any]]] = {}
    for example in first.to_pyarrow().to_pylist():
        examples.setdefault(example.pop("reason"), []).append(example)
    values = _names(bad) if UNRECOGNISED in examples else ()
    return tuple(
        Reason(c["reason"], c["n"], tuple(examples[c["reason"]]), values if c["reason"] == UNRECOGNISED else ())
        for c in counts
    )


def _names(bad: ibis.Table) -> tuple[tuple[str, int], ...]:
    unknown = bad.filter(bad.reason == UNRECOGNISED)
    counts = unknown.group_by("value").aggregate(n=unknown.count()).order_by(ibis.desc("n"), "value").limit(NAMES)
    return tuple((row["value"], row["n"]) for row in counts.to_pyarrow().to_pylist())


def check_share(
    reasons: Sequence[Reason],
    total: int,
    accepted: int,
    rules: IngestConfig,
    source: SourceConfig,
    written: Path,
    copy: Path | None,
) -> None:
    """Stop where too many rows are bad, or none is left.

    Args:
        reasons: what is wrong with the bad rows.
        total: rows of the source.
        accepted: rows that are left.
        rules: how many may be bad.
        source: the rules that were applied, for advice.
        written: the quarantine that was written.
        copy: where to leave a copy of it when stopping.

    Raises:
        InputError: with counts, examples and what to do.
    """
    bad = sum(reason.count for reason in reasons)
    if total and accepted and bad <= rules.max_bad_share * total:
        return
    if copy is not None:
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(written, copy)
    if not total:
        raise InputError("Ingest stopped: the input has no rows. Expected one event a line.")
    if not bad:
        raise InputError("Ingest stopped: every row is of an event that `source.events` ignores. Map at least one.")
    share = f"{bad:,} of {total:,} rows ({bad / total:.1%}) break the event contract"
    limit = f"`max_bad_share` is {rules.max_bad_share:.1%}" if accepted else "no row is left"
    width = max(len(reason.name) for reason in reasons)
    digits = max(len(f"{reason.count:,}") for reason in reasons)
    lines = [f"  {r.name:<{width}}  {r.count:>{digits},} rows (e.g. {_shown(r)})" for r in reasons]
    advice = [line for reason in reasons if (line := _advice(reason, source))]
    where = [f"All of them are in {copy}."] if copy is not None else []
    raise InputError("\n".join([f"Ingest stopped: {share}; {limit}.", *lines, *advice, *where, *_end(accepted)]))


def _end(accepted: int) -> list[str]:
    if not accepted:
        return ["Mend the file or `source`, then give the same command again."]
    return ["Mend the file or `source`, or raise `ingest.max_bad_share`, then give the same command again."]


def _shown(reason: Reason) -> str:
    def one(example: dict[str, Any]) -> str:
        value = example["value"]
        return f"{example['row']}" + ("" if value is None else f' "{value[:40]}"')

    return ", ".join(one(example) for example in reason.examples)


def _advice(reason: Reason, source: SourceConfig) -> str:
    if reason.name == UNRECOGNISED:
        names = quoted([name for name, _ in reason.values])
        kinds = ", ".join(EVENTS)
        return f'Event names not recognised: {names}. In `source.events` map each to one of {kinds} or "ignore".'
    values = [example["value"] for example in reason.examples if example["value"]]
    if reason.name == UNREADABLE_TIME and source.time_unit is None and values and all(v.isdigit() for v in values):
        return 'The times look like epoch numbers: set `source.time_unit` to "s", "ms" or "us".'
    if reason.name == UNREADABLE_TIME and source.time_unit is not None:
        return f'`source.time_unit` is "{source.time_unit}", which is for numbers; leave it out for times as text.'
    if reason.name == UNREADABLE_TIME:
        return "Set `source.time_format` (strptime) for times that are not ISO 8601."
    if reason.name == NOT_UTF8:
        return "Convert the file to UTF-8 (iconv -f WINDOWS-1252 -t UTF-8, say)."
    if reason.name in NOT_A_NUMBER and values:
        return _number_advice(reason.name.split()[0], values)
    if reason.name == OUTSIDE_YEARS and source.time_unit is not None:
        return f'Check `source.time_unit`; it is "{source.time_unit}".'
    return ""


def _number_advice(field: str, values: Sequence[str]) -> str:
    if all(value.replace(".", "").replace(",", "").isdigit() for value in values):
        return "Numbers should have a point before their decimals and nothing between thousands (1234.56)."
    return f"If that means that the {field} is not known: source.unknown.{field} = {json.dumps(sorted(set(values)))}."
