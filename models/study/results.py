"""What a comparison came to, as plain JSON-ready values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.study.alternatives import Alternative
from models.trials.trial import TrialRecord

NEAR = 0.95
"""The target is reached where this share of the way from chance to the best alternative is gone."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Yardstick:
    """How a model's trainings are told apart."""

    monitor: str
    """Validation metric by which settings are chosen and the target is set."""

    judged: str
    """Metric on the examples that no choice has seen; more is better."""

    sign: float
    """1 where more of the monitored metric is better, -1 where less."""

    chance: float | None
    """The monitored metric of a model that knows nothing; None for the worst first epoch."""


@dataclass(frozen=True)
class Tried:
    """An alternative with its trainings."""

    alternative: Alternative
    trials: Sequence[TrialRecord]
    runs: Sequence[TrialRecord]
    """Trainings of the best setting under several seeds."""


def summarize(tried: Sequence[Tried], yardstick: Yardstick) -> dict[str, Any]:
    """Rank the alternatives.

    Returns:
        `monitor`, `judged` (metric names), `target` (value of the monitored metric), `alternatives`: best first, those
        that failed last, each {name, title, reference, settings (of its best trial), quality [mean, low, high] or
        None, behind [mean, low, high] (the best one's quality less its own, paired), level (whether that interval
        reaches zero), epochs_to_target, steps_to_target, seconds_to_target (None where a seed never got there),
        seconds (a training's mean), curves {metric: by seed [by epoch]}, trials [{settings, value, status, error,
        seconds, epochs}], error (why it failed) or None}.
    """
    rows = [_row(one, yardstick) for one in tried]
    done = [row for row in rows if row["quality"]]
    failed = [row for row in rows if not row["quality"]]
    target = _target(done, yardstick)
    done.sort(key=lambda row: -row["quality"][0])
    for row in done:
        row["behind"] = _interval(done[0]["resamples"] - row["resamples"], done[0]["quality"][0] - row["quality"][0])
        row["level"] = row is done[0] or bool(row["behind"][1] <= 0)
        row |= _time_to(target, row, yardstick)
    kept = [{key: value for key, value in row.items() if key not in ("resamples", "runs")} for row in (*done, *failed)]
    return {"monitor": yardstick.monitor, "judged": yardstick.judged, "target": target, "alternatives": kept}


def _row(tried: Tried, yardstick: Yardstick) -> Row:
    runs = [run for run in tried.runs if run.status == "completed"]
    lost = [record for record in (*tried.trials, *tried.runs) if record.status == "failed"]
    row: Row = {
        "name": tried.alternative.name,
        "title": tried.alternative.title,
        "reference": tried.alternative.reference,
        "settings": {k: v for k, v in runs[0].settings.items() if k not in ("alternative", "seed")} if runs else {},
        "quality": None,
        "error": None if runs else (lost[0].error if lost else "no training was made"),
        "trials": [_trial(record, yardstick) for record in tried.trials],
        "runs": runs,
    }
    if runs:
        values = np.array([run.extra["judged"][yardstick.judged] for run in runs])
        # A draw of seeds goes with every draw of sessions: both the luck of the start and that of the sample count.
        drawn = np.array([run.extra["resamples"] for run in runs])
        seeds = np.random.default_rng(0).integers(len(runs), size=(drawn.shape[1], len(runs)))
        row["resamples"] = drawn[seeds, np.arange(drawn.shape[1])[:, None]].mean(axis=1)
        row["quality"] = _interval(row["resamples"], float(values.mean()))
        row["seeds"] = [float(value) for value in values]
        row["seconds"] = float(np.mean([run.seconds for run in runs]))
        row["curves"] = {name: [run.history[name] for run in runs] for name in runs[0].history if _is_curve(name)}
    return row


def _is_curve(name: str) -> bool:
    """Whether a metric is told by epoch: losses and qualities, not what the gradients of each layer did."""
    return name == "loss" or name.startswith("val_")


def _trial(record: TrialRecord, yardstick: Yardstick) -> Row:
    return {
        "settings": {key: value for key, value in record.settings.items() if key != "alternative"},
        "value": record.metrics.get(yardstick.monitor),
        "status": record.status,
        "error": record.error,
        "seconds": record.seconds,
        "epochs": record.epochs,
    }


def _target(rows: Sequence[Row], yardstick: Yardstick) -> float | None:
    curves = [curve for row in rows for curve in row["curves"][yardstick.monitor]]
    if not curves:
        return None
    sign = yardstick.sign
    best = max((row["curves"][yardstick.monitor] for row in rows), key=lambda seeds: _reached(seeds, sign))
    chance = yardstick.chance if yardstick.chance is not None else min(sign * curve[0] for curve in curves) * sign
    return float(chance + NEAR * (sign * _reached(best, sign) - chance))


def _reached(seeds: Sequence[Sequence[float]], sign: float) -> float:
    return float(np.mean([max(sign * value for value in curve) for curve in seeds]))


def _time_to(target: float | None, row: Row, yardstick: Yardstick) -> Mapping[str, float | None]:
    names = ("epochs_to_target", "steps_to_target", "seconds_to_target")
    found = []
    for run in row["runs"]:
        curve = run.history[yardstick.monitor]
        epochs = next((i + 1 for i, value in enumerate(curve) if yardstick.sign * (value - (target or 0.0)) >= 0), None)
        if target is None or epochs is None:
            return dict.fromkeys(names)
        found.append((epochs, epochs * run.extra["steps_per_epoch"], run.seconds * epochs / len(curve)))
    return dict(zip(names, (float(value) for value in np.mean(found, axis=0)), strict=True))


def _interval(resamples: np.ndarray, mean: float) -> list[float]:
    low, high = np.nanpercentile(resamples, [2.5, 97.5])
    return [mean, float(low), float(high)]
