"""What the explain stage computes, and its files. Free of TensorFlow, so that reports open fast."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.examples import KEYS
from data.feature import Feature, features_from

Floats = npt.NDArray[np.float64]
METRICS = ("auc", "average_precision")
PREFIX = "attribution_"


@dataclass(frozen=True)
class Attributions:
    """SHAP values of n carts in calibrated log-odds, with what a reader needs to make sense of them."""

    values: Floats
    """(n, F): what each feature adds to the log-odds; `base + values.sum(axis=1)` is the model's log-odds."""

    base: float
    """Mean log-odds of the background: what the model says of a typical cart."""

    specs: tuple[Feature, ...]
    """The F features."""

    typical: tuple[float | str | None, ...]
    """Per feature, the background's median (numeric) or most frequent value (categorical); None where all unknown."""

    error: float
    """Largest distance between `base + values.sum(axis=1)` and the model's own log-odds."""

    @property
    def log_odds(self) -> Floats:
        """(n,) predicted log-odds."""
        return self.base + np.asarray(self.values.sum(axis=1), dtype=np.float64)

    @property
    def probability(self) -> Floats:
        """(n,) predicted probability that the cart is left."""
        return sigmoid(self.log_odds)

    @property
    def base_probability(self) -> float:
        """What the model says of a typical cart, as a probability."""
        return float(sigmoid(np.array(self.base)))

    @property
    def importance(self) -> Floats:
        """(F,) mean absolute value per feature, in log-odds."""
        return np.abs(self.values).mean(axis=0) if len(self.values) else np.zeros(len(self.specs))


@dataclass(frozen=True)
class Importance:
    """Drop of each metric per feature when that feature is shuffled; mean and 95% interval."""

    specs: tuple[Feature, ...]
    """The F features."""

    mean: dict[str, tuple[float, ...]]
    """Metric → mean drop per feature; above 0 where the model uses the feature to its advantage."""

    low: dict[str, tuple[float, ...]]
    """Metric → lower end of the 95% interval per feature."""

    high: dict[str, tuple[float, ...]]
    """Metric → upper end of the 95% interval per feature."""

    score: dict[str, float]
    """Metric on the examples as they are."""

    rows: int
    """Examples used."""

    repeats: int
    """Resamples, each with one shuffle per feature."""


@dataclass(frozen=True)
class Explanations:
    """SHAP values of a sample of test carts, and permutation importance."""

    rows: npt.NDArray[np.int64]
    """(n,) positions in the test examples, ascending."""

    keys: pd.DataFrame
    """n × 4 keys of these carts."""

    attributions: Attributions
    """Their SHAP values."""

    importance: Importance
    """Permutation importance on a larger sample of the test examples."""


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + e⁻ˣ), without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * np.asarray(x, dtype=np.float64))))


def write_explanations(explanations: Explanations, folder: Path) -> None:
    """Write `attributions.parquet`, `permutation.json` and `explain.json`.

    `attributions.parquet` has the keys, `row` (position in the test examples), `base`, `prediction` (probability)
    and one column `attribution_<feature>` per feature, in log-odds.
    """
    found = explanations.attributions
    columns = {f"{PREFIX}{spec.name}": found.values[:, f] for f, spec in enumerate(found.specs)}
    frame = explanations.keys.assign(row=explanations.rows, base=found.base, prediction=found.probability)
    pd.concat([frame, pd.DataFrame(columns, index=frame.index)], axis=1).to_parquet(
        folder / "attributions.parquet", index=False
    )
    features = [asdict(spec) for spec in found.specs]
    summary = {
        "rows": len(explanations.rows),
        "base": found.base,
        "additivity_error": found.error,
        "typical": list(found.typical),
        "mean_absolute": dict(zip([spec.name for spec in found.specs], found.importance.tolist(), strict=True)),
        "features": features,
    }
    _write_json(summary, folder / "explain.json")
    importance = asdict(explanations.importance)
    importance["specs"] = [spec.name for spec in explanations.importance.specs]
    _write_json(importance, folder / "permutation.json")


def read_explanations(folder: Path) -> Explanations:
    """Read what `write_explanations` wrote."""
    summary = json.loads((folder / "explain.json").read_text())
    shuffled = json.loads((folder / "permutation.json").read_text())
    frame = pd.read_parquet(folder / "attributions.parquet")
    specs = features_from(summary["features"])
    values = frame[[f"{PREFIX}{spec.name}" for spec in specs]].to_numpy(dtype=np.float64)
    return Explanations(
        rows=frame["row"].to_numpy(dtype=np.int64),
        keys=frame[list(KEYS)],
        attributions=Attributions(
            values, summary["base"], specs, tuple(summary["typical"]), summary["additivity_error"]
        ),
        importance=Importance(
            specs=specs,
            **{end: {name: tuple(drops) for name, drops in shuffled[end].items()} for end in ("mean", "low", "high")},
            score=shuffled["score"],
            rows=shuffled["rows"],
            repeats=shuffled["repeats"],
        ),
    )


def _write_json(value: object, path: Path) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")
