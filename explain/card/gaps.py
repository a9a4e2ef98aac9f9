"""Where a model treats parts of the carts unlike the rest, by a stated rule.

A part is flagged where the 95% interval of its AUC, or of its calibration gap (mean prediction less the share really
left), lies wholly outside the interval of all carts. That is stricter than a 5% test of each part, so that among some
dozens of parts a flag by luck alone is rare, but it is not impossible.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from explain.tables import Cell, Grid, difference_cell, figure_cell, slice_text
from explain.wording import DASH, count_text, decimal_text, share_text

FEW = 50
"""Carts below which a part is not judged: its interval says little, or, of one session, nothing."""

RULE = (
    "A part of the carts is flagged where the 95% interval of its AUC, or of its calibration gap (mean predicted risk "
    f"less the share really left), lies wholly outside that of all carts. Parts of fewer than {FEW} carts are not "
    "judged. A part without a flag is not proven to be treated alike; it may be too small to tell."
)


@dataclass(frozen=True)
class Gap:
    """A part of the carts that the model treats unlike the rest."""

    title: str
    """What the part is taken by."""

    part: str
    """What its carts have in common."""

    sentence: str
    """What is other about it."""


def gaps(found: Mapping[str, Any]) -> list[Gap]:
    """The flagged parts.

    Args:
        found: "abandonment" of `metrics.json`.
    """
    return [
        Gap(str(part["title"]), slice_text(part), sentence)
        for part in found["slices"]
        for sentence in _flags(part, found).values()
    ]


def slices_table(found: Mapping[str, Any]) -> Grid:
    """Every part with its AUC, its calibration gap, and its flags."""
    rows = tuple(
        (
            Cell(slice_text(part), str(part["title"])),
            count_text(part["n"]),
            share_text(part["abandoned_share"]),
            figure_cell(part["auc"], part["auc_interval"]),
            difference_cell(part["calibration_gap"]),
            "; ".join(_flags(part, found)) or ("too few to judge" if part["n"] < FEW else ""),
        )
        for part in found["slices"]
    )
    head = ("Part of the carts", "Carts", "Really left", "AUC", "Calibration gap", "Flag")
    return Grid("Quality by part of the carts", head, rows, frozenset({5}))


def groups_table(found: Mapping[str, Any]) -> Grid:
    """For each way of dividing the carts, the part with the lowest and the one with the highest AUC."""
    rows = []
    for title, members in groupby(found["slices"], key=lambda part: str(part["title"])):
        parts = list(members)
        known = [part for part in parts if part["auc"] is not None and part["n"] >= FEW]
        flagged = sum(bool(_flags(part, found)) for part in parts)
        ends = _ends(known) if known else (DASH, DASH, DASH)
        rows.append((title, str(len(parts)), *ends, str(flagged) if flagged else "none"))
    head = ("Carts divided by", "Parts", "Lowest AUC", "Highest AUC", "Apart", "Flagged")
    return Grid("Quality by group", head, tuple(rows))


def _ends(parts: Sequence[Mapping[str, Any]]) -> tuple[str | Cell, ...]:
    low, high = (pick(parts, key=lambda part: part["auc"]) for pick in (min, max))
    cells = [Cell(decimal_text(part["auc"]), slice_text(part)) for part in (low, high)]
    return (*cells, decimal_text(high["auc"] - low["auc"]))


def _flags(part: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, str]:
    """What is other about a part: two words, and a sentence."""
    if part["n"] < FEW:
        return {}
    flags = {}
    side = _outside(part["auc_interval"], (found["test_intervals"] or {}).get("auc"))
    if side:
        how = "better" if side > 0 else "worse"
        flags[f"ranked {how}"] = f"the model ranks these carts {how}: AUC {decimal_text(part['auc'])}"
    own, whole = part["calibration_gap"], found["calibration_gap"]
    side = _outside(own[1:], whole[1:])
    if side:
        level = "high" if side > 0 else "low"
        flags[f"predicted {level}er"] = (
            f"predicted risks are too {level} beside those of other carts: {signed_points(own[0])} points, "
            f"all carts {signed_points(whole[0])}"
        )
    return flags


def signed_points(share: float) -> str:
    """A difference of shares in points, with its sign."""
    return f"{100 * share:+.1f}".replace("-", "−")


def _outside(part: Sequence[float] | None, whole: Sequence[float] | None) -> int:
    """1 where an interval lies wholly above another, −1 where wholly below, 0 where they meet or one is missing."""
    if not part or not whole:
        return 0
    return 1 if part[0] > whole[1] else -1 if part[1] < whole[0] else 0
