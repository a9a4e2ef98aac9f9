"""Challenger and champion on the newest window: the verdict on each model, and what drifted."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.examples import Examples, from_frame, read_examples
from data.feature import read_features
from models.abandonment import predict
from models.artifacts import load_model
from models.challenge import judge
from models.drift import measure_drift, new_items
from models.recommender import Recommender
from models.recommender_challenge import judge_recommenders
from models.sequences import read_sequences
from models.verdict import Verdict
from pipeline.config import PipelineConfig
from pipeline.retraining.champions import Champions
from pipeline.retraining.decision import Comparison


def compare(config: PipelineConfig, workdir: Path, work: Path, champions: Champions) -> Comparison:
    """Score both on the same sessions and judge; a model that has no champion yet is promoted.

    Args:
        config: the challenger's.
        workdir: the work folder, with the examples that its champion learnt from.
        work: the challenger's work folder.
        champions: the models to beat.
    """
    history = json.loads((work / "train" / "history.json").read_text())
    skipped = {model: str(made["skipped"]) for model, made in history.items() if "skipped" in made}
    unknown = None
    verdicts: dict[str, Verdict] = {}
    for model in history.keys() - skipped.keys():
        if model not in champions.models:
            verdicts[model] = Verdict(True, ("There was no champion to compare with.",), {})
        elif model == "abandonment":
            verdicts[model] = _abandonment(config, work, champions.folder(model))
        else:
            verdicts[model], unknown = _recommender(config, work, champions.folder(model))
    drift = _drift(config, workdir, work) if config.abandonment.enabled else None
    return Comparison(dict(sorted(verdicts.items())), skipped, drift, unknown)


def _abandonment(config: PipelineConfig, work: Path, champion: Path) -> Verdict:
    test = read_examples(work / "split", "test")
    # The champion is given its own features, in its own order.
    same = from_frame(pd.read_parquet(work / "split" / "test.parquet"), read_features(champion / "features.json"))
    old = predict(load_model(champion / "abandonment.keras"), same)
    new = predict(load_model(work / "train" / "abandonment.keras"), test)
    return judge(old, new, test, config.retrain, config.seed, config.evaluate.bins)


def _recommender(config: PipelineConfig, work: Path, champion: Path) -> tuple[Verdict, dict[str, Any]]:
    test = read_sequences(work / "split" / "sequences_test.parquet")
    old, new = Recommender.load(champion), Recommender.load(work / "train")
    verdict = judge_recommenders(
        old, new, test, config.retrain, config.seed, config.recommender.top_k, config.evaluate.max_prefixes
    )
    return verdict, new_items(old.vocabulary.items, np.array(test.names, dtype=object)[test.codes]).as_table()


def _drift(config: PipelineConfig, workdir: Path, work: Path) -> dict[str, Any] | None:
    if not (workdir / "split" / "train.parquet").exists():
        return None
    reference, current = read_examples(workdir / "split", "train"), read_examples(work / "split", "test")
    kinds = {spec.name: spec.kind for spec in reference.specs}
    shared = {spec.name for spec in current.specs if kinds.get(spec.name) == spec.kind}
    return measure_drift(_only(reference, shared), _only(current, shared), config.retrain).as_table()


def _only(examples: Examples, names: set[str]) -> Examples:
    specs = tuple(spec for spec in examples.specs if spec.name in names)
    return Examples(examples.keys, examples.features[[spec.name for spec in specs]], examples.abandoned, specs)
