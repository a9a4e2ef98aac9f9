"""Which trainings a comparison consists of: random trials of each alternative, then its best setting under seeds."""

import copy
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.config import CompareConfig
from models.study.alternatives import Alternative
from models.trials.trial import TrialRecord, TrialSpec

Table = dict[str, Any]


@dataclass(frozen=True)
class Design:
    """What all trainings of a comparison have in common."""

    base: Table
    """The model's configuration."""

    complete: Callable[[Table], Table]
    """Checks a configuration and fills in its defaults.

    Raises `InputError` where a value is out of its range.
    """

    compare: CompareConfig
    """The budget."""

    seed: int
    """Of the draws and the trainings."""


def trial_specs(design: Design, alternative: Alternative) -> list[TrialSpec]:
    """The trials of one alternative: its settings as they are, then draws from its ranges; of each as many as folds.

    The draws of an alternative depend on the seed and its name alone, not on what else is compared.
    """
    rng = np.random.default_rng((design.seed, int.from_bytes(hashlib.sha256(alternative.name.encode()).digest()[:4])))
    draws: list[dict[str, Any]] = [{}]
    if alternative.ranges:
        draws += [
            {key: span.draw(rng) for key, span in alternative.ranges.items()} for _ in range(design.compare.trials - 1)
        ]
    if not alternative.folds:
        return [_spec(f"{alternative.name}-{i}", design, alternative, draw) for i, draw in enumerate(draws)]
    return [
        _spec(f"{alternative.name}-{i}-{fold}", design, alternative, draw, fold=fold)
        for i, draw in enumerate(draws)
        for fold in range(alternative.folds)
    ]


def seed_specs(design: Design, alternative: Alternative, best: TrialRecord) -> list[TrialSpec]:
    """The best trial's setting under as many further seeds as asked for, judged on examples no choice has seen."""
    drawn = {key: best.settings[key] for key in alternative.ranges if key in best.settings}
    return [
        _spec(f"{alternative.name}-seed-{i}", design, alternative, drawn, seed=design.seed + i)
        for i in range(1, design.compare.seeds + 1)
    ]


def best_trial(records: Sequence[TrialRecord], monitor: str, sign: float) -> TrialRecord | None:
    """The completed trial with the best validation metric, the earliest of equals; None where all failed.

    Trials of equal settings are folds of one: their mean counts, and one that failed fails them all.

    Args:
        records: the trials.
        monitor: the metric.
        sign: 1 where more of it is better, -1 where less.
    """
    groups: dict[str, list[TrialRecord]] = {}
    for record in records:
        groups.setdefault(json.dumps(dict(record.settings), sort_keys=True), []).append(record)
    whole = [group for group in groups.values() if all(record.status == "completed" for record in group)]
    means = [sign * float(np.mean([record.metrics[monitor] for record in group])) for group in whole]
    return whole[int(np.argmax(means))][0] if whole else None


def changed(base: Mapping[str, Any], settings: Mapping[str, Any]) -> Table:
    """A configuration with dotted settings put in; a table of settings replaces what `base` has under its keys."""
    table: Table = copy.deepcopy(dict(base))
    for key, value in settings.items():
        *path, last = key.split(".")
        inner = table
        for part in path:
            inner = inner.setdefault(part, {})
        if last == "optimizer":
            # Another rule brings its own rate and constants; schedule and clipping are not the rule's.
            kept = {name: inner[last][name] for name in ("schedule", "clip_norm", "clip_value") if name in inner[last]}
            inner[last] = kept | value
        elif isinstance(value, Mapping) and isinstance(inner.get(last), dict):
            inner[last] = inner[last] | value
        else:
            inner[last] = value
    return table


def _spec(
    name: str,
    design: Design,
    alternative: Alternative,
    drawn: Mapping[str, Any],
    fold: int | None = None,
    seed: int | None = None,
) -> TrialSpec:
    """A trial, of a fold where one is given; with a seed of its own it is judged on what no choice has seen."""
    config = design.complete(changed(changed(design.base, alternative.settings), drawn))
    settings = {"alternative": alternative.name, **{key: _at(config, key) for key in alternative.ranges}}
    if seed is not None:
        settings["seed"] = seed
    share: dict[str, Any] = {"judge": seed is not None}
    if fold is not None:
        share |= {"fold": fold, "folds": alternative.folds, "fold_by": "visitor"}
    epochs = max(1, round(design.compare.epochs * alternative.share))
    return TrialSpec(name, settings, config, design.seed if seed is None else seed, epochs, share=share)


def _at(config: Mapping[str, Any], key: str) -> Any:
    value: Any = config
    for part in key.split("."):
        value = value[part]
    return value
