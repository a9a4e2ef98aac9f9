"""Where a log is cut into the sides that train, choose and test, and what each side has to have."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

import ibis
import pandas as pd

from data.config import SplitConfig
from data.errors import InputError
from data.examples import Split
from data.moments import naive_utc

SIDES: tuple[Split, ...] = get_args(Split)
_HASH_DIGITS = 8


@dataclass(frozen=True)
class Boundaries:
    """Moments at which the log is cut: train | `validation_from` | validation | `test_from` | test."""

    validation_from: datetime | None
    """First moment of validation; None where visitors are drawn for it."""

    test_from: datetime
    """First moment of test."""


@dataclass(frozen=True)
class Kind:
    """What is split: how a side's rows are counted, and what a side needs."""

    count: Callable[[ibis.Table], dict[str, Any]]
    """Counts of a side's rows, `sessions`, `from` and `to` among them."""

    poor: Callable[[dict[str, Any]], bool]
    """Whether a side with these counts has too little."""

    refusal: Callable[[dict[str, Any], list[str]], str]
    """From the facts of a split and its poor sides, what is wrong with it."""


def boundaries(starts: "pd.Series[Any]", config: SplitConfig) -> Boundaries:
    """Cut at quantiles of the sessions' starts; test at `config.test_from` where it is set.

    Args:
        starts: (sessions,) moment each session started.
        config: the shares, and whether validation is cut off in time.

    Raises:
        InputError: no session starts before `config.test_from`.
    """
    ordered = starts.sort_values(kind="stable").reset_index(drop=True)
    both = config.train + config.validation
    if config.test_from is None:
        learnt, test_from = ordered, ordered[round(both * (len(ordered) - 1))].to_pydatetime()
        share = config.train
    else:
        test_from, share = naive_utc(config.test_from), config.train / both
        learnt = ordered[ordered < test_from]
        if learnt.empty:
            raise InputError(
                f"`split.test_from` should be after the log's first session, which starts {ordered[0]}. "
                f"Received: {config.test_from}"
            )
    if config.validation_by == "visitor":
        return Boundaries(None, test_from)
    return Boundaries(learnt[round(share * (len(learnt) - 1))].to_pydatetime(), test_from)


def choose(
    rows: ibis.Table, starts: "pd.Series[Any]", wholes: int, config: SplitConfig, kind: Kind
) -> tuple[Boundaries | None, dict[str, Any]]:
    """Where to cut, None for a split by group, and the facts of that split.

    Args:
        rows: what is split.
        starts: (sessions,) moment each session started; all known, or the split is by group.
        wholes: how many sessions (or groups) there are, none of which is parted.
        config: shares, and by what to split.
        kind: what a side is counted by and needs.

    Raises:
        InputError: a side has too little.
    """
    notes: list[str] = []
    if config.by != "group" and starts.notna().all():
        cut = boundaries(starts, config)
        facts = _facts(rows, wholes, cut, config, kind)
        poor = _poor(facts, kind)
        if config.by == "time" or not poor:
            _check(facts, config, kind)
            return cut, facts
        notes = [
            f"Split by visitor, because by time too little would be left in {' and '.join(poor)}: "
            f"{len(starts):,} sessions lie too close together."
        ]
    facts = _facts(rows, wholes, None, config, kind)
    _check(facts, config, kind)
    return None, {**facts, "notes": [*notes, *facts["notes"]]}


def on_side(rows: ibis.Table, side: Split, cut: Boundaries | None, config: SplitConfig) -> ibis.Value:
    """Whether a row, with `session_start`, `session_end` and `visitor_id`, belongs to a side."""
    if cut is None:
        both = config.train + config.validation
        low, high = {"train": (0.0, config.train), "validation": (config.train, both), "test": (both, 1.0)}[side]
        return _drawn(rows, config, low, high)
    if side == "test":
        return rows.session_start >= cut.test_from
    before = rows.session_end < cut.test_from
    if cut.validation_from is None:
        share = config.train / (config.train + config.validation)
        low, high = (0.0, share) if side == "train" else (share, 1.0)
        return before & _drawn(rows, config, low, high)
    if side == "train":
        return rows.session_end < cut.validation_from
    return (rows.session_start >= cut.validation_from) & before


def _drawn(rows: ibis.Table, config: SplitConfig, low: float, high: float) -> ibis.Value:
    """Whether the hash of a row's visitor, as a share of all hashes, lies in [low, high)."""
    # Hexadecimal digits of one length order as their numbers do, and MD5 is the same on every engine.
    place = (ibis.literal(f"{config.seed}:") + rows.visitor_id).hexdigest("md5").substr(0, _HASH_DIGITS)
    first, second = (f"{int(share * 16**_HASH_DIGITS):0{_HASH_DIGITS}x}" for share in (low, high))
    return place >= first if high == 1.0 else (place >= first) & (place < second)


def _facts(rows: ibis.Table, wholes: int, cut: Boundaries | None, config: SplitConfig, kind: Kind) -> dict[str, Any]:
    counts = {side: kind.count(rows.filter(on_side(rows, side, cut, config))) for side in SIDES}
    dropped = wholes - sum(count["sessions"] for count in counts.values())
    cut_at = None if cut is None else {
        "validation_from": cut.validation_from and cut.validation_from.isoformat(),
        "test_from": cut.test_from.isoformat(),
    }  # fmt: skip
    notes = (
        [f"{dropped:,} sessions cross a boundary in time and were dropped from the earlier side."] if dropped else []
    )
    return {
        "by": "group" if cut is None else "time",
        "boundaries": cut_at,
        "counts": counts,
        "dropped_sessions": dropped,
        "notes": notes,
    }


def _poor(facts: dict[str, Any], kind: Kind) -> list[str]:
    return [side for side in SIDES if kind.poor(facts["counts"][side])]


def _check(facts: dict[str, Any], config: SplitConfig, kind: Kind) -> None:
    poor = _poor(facts, kind)
    if poor:
        raise InputError(
            f"{kind.refusal(facts, poor)}\nA longer log helps most; otherwise change `split.train` ({config.train}) or "
            f"`split.validation` ({config.validation}), or `split.by`."
        )
