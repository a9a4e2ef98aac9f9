"""All measures of a run's explanations, as `quality.json` keeps them."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explain.attributing.adapter import DeepShap
from explain.attributing.attribution import background_sample, parts_of
from explain.quality import agreement
from explain.quality.fidelity import Curves, faithfulness, fidelity
from explain.quality.measures import (
    Figures,
    Material,
    accuracy,
    comprehensibility,
    consistency,
    other_backgrounds,
    quantile,
    sample,
    steadiness,
)  # fmt: skip
from explain.quality.methods import METHODS, seconds_per_1000_carts
from explain.quality.replacing import Carts
from models.abandonment import encode

FILE = "quality.json"


@dataclass(frozen=True)
class Quality:
    """How good explanations are, and what it took to make them."""

    table: dict[str, Any]
    """JSON-ready, and the same at every run: "figures" (name → value, None where undefined), "curves" (mean over the
    carts, after 0 to F features), "passes" (rows through the network, forward or backward, a cart, by method) and
    "carts" (how many were explained, measured and nudged)."""

    seconds: Figures
    """Seconds per 1,000 carts by method, other at every run."""


def measure(found: Material) -> Quality:
    """Measure explanations by the properties of Robnik-Šikonja and Bohanec (2018).

    Figures are in log-odds where they have a unit; `explain.quality.verdicts` says what each means and from where it
    is poor.

    Raises:
        InputError: the model's layers have no SHAP rule, or the truth does not cover the carts.
    """
    settings, values = found.config.quality, found.explanations.attributions.values
    parts = parts_of(found.model, found.explained.specs)
    background = encode(found.model, background_sample(found.train, found.config.background, found.seed))
    deep = DeepShap(parts.log_odds, background)
    rows = sample(len(values), settings.carts, found.seed)
    picked = found.explained.take(rows)
    carts = Carts(encode(found.model, picked), background, parts.columns, deep.outputs)
    deletion, insertion = fidelity(carts, values[rows], settings.random_orders, found.seed)
    faithful = faithfulness(carts, values[rows], settings.subsets, found.seed)
    figures = {
        **_fidelity(deletion, insertion),
        "faithfulness": agreement.mean(faithful),
        "faithfulness_lowest_tenth": quantile(faithful, 0.1),
        **accuracy(found, deep.outputs(encode(found.model, found.explained))),
        **steadiness(found, deep, carts),
        **other_backgrounds(found, deep, carts),
        **consistency(found, picked, values[rows]),
        **comprehensibility(found),
    }
    return Quality(
        {
            "figures": {name: value if math.isfinite(value) else None for name, value in figures.items()},
            "curves": _curves(deletion, insertion),
            "passes": {method.key: method.passes(found.config, values.shape[1]) for method in METHODS},
            "carts": {"explained": len(values), "measured": len(rows), "nudged": min(len(rows), settings.nudged_carts)},
        },
        _seconds(deep, carts, found.config.permutation_repeats),
    )


def write_quality(table: Mapping[str, Any], folder: Path) -> None:
    """Write `quality.json`."""
    (folder / FILE).write_text(json.dumps(table, indent=1) + "\n")


def _fidelity(deletion: Curves, insertion: Curves) -> Figures:
    (deleted, by_chance), (inserted, inserted_by_chance) = deletion.areas(), insertion.areas()
    return {
        "deletion_area": float(deleted.mean()),
        "deletion_area_random": float(by_chance.mean()),
        "deletion_beats_random": float((deleted < by_chance).mean()),
        "insertion_area": float(inserted.mean()),
        "insertion_area_random": float(inserted_by_chance.mean()),
        "insertion_beats_random": float((inserted > inserted_by_chance).mean()),
    }


def _curves(deletion: Curves, insertion: Curves) -> dict[str, list[float]]:
    lines = {
        "deletion": deletion.guided,
        "deletion_random": deletion.random,
        "insertion": insertion.guided,
        "insertion_random": insertion.random,
    }
    return {name: [round(y, 6) for y in line.mean(axis=0).tolist()] for name, line in lines.items()}


def _seconds(deep: DeepShap, carts: Carts, repeats: int) -> Figures:
    shuffles = range(repeats * (int(carts.columns.max()) + 1))
    return {
        "shap": seconds_per_1000_carts(lambda: deep.values(carts.encoded), len(carts)),
        "permutation": seconds_per_1000_carts(lambda: [carts.predict(carts.encoded) for _ in shuffles], len(carts)),
    }
