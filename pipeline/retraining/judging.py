"""Challenger and champion on the latest new sessions: the verdict on each model, and what drifted."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy.special import expit

from data.examples import Examples, from_frame, read_examples
from data.feature import read_features
from models.abandonment import core, encode, logits, predict
from models.artifacts import load_model
from models.binary_metrics import Floats
from models.calibration import Platt, calibration_of, cross_fitted, fit_platt
from models.drift.drift import measure_drift, new_items
from models.evaluation import clusters_of
from models.promotion.challenge import judge
from models.promotion.recommender_challenge import judge_recommenders
from models.promotion.verdict import Verdict
from models.recommending.recommender import Recommender
from models.sessions.sequences import read_sequences
from pipeline.config import PipelineConfig
from pipeline.retraining.challenger import TICK, Plan
from pipeline.retraining.champions import Champions
from pipeline.retraining.composing import FEATURES
from pipeline.retraining.decision import Comparison, Hearing
from pipeline.retraining.kept import MODEL, KeptChallenger


def compare(
    made: Plan, workdir: Path, work: Path, champions: Champions, kept: KeptChallenger | None = None
) -> Comparison:
    """Score both on the same sessions and judge; a model that has no champion yet is promoted.

    Where the new challenger of the abandonment model is not, the one that was kept the time before is heard again.

    Args:
        made: what the challenger was made of.
        workdir: the work folder, with the examples that its champion learnt from.
        work: the challenger's work folder.
        champions: the models to beat.
        kept: the abandonment challenger that was kept the time before.
    """
    config = made.config
    history = json.loads((work / "train" / "history.json").read_text())
    skipped = {model: str(made["skipped"]) for model, made in history.items() if "skipped" in made}
    unknown, calibration, hearing = None, None, None
    verdicts: dict[str, Verdict] = {}
    for model in history.keys() - skipped.keys():
        if model not in champions.models:
            verdicts[model] = Verdict(True, ("There was no champion to compare with.",), {})
        elif model == MODEL:
            verdicts[model], calibration = _abandonment(config, work, champions.folder(model))
            if kept is not None and not verdicts[model].promote:
                hearing = Hearing(kept.retrain, kept.version, _hear_again(config, work, champions, kept))
        else:
            verdicts[model], unknown = _recommender(made, work, champions.folder(model))
    drift = _drift(made, workdir, work) if config.abandonment.enabled else None
    return Comparison(dict(sorted(verdicts.items())), skipped, drift, unknown, calibration, hearing)


def _abandonment(config: PipelineConfig, work: Path, champion: Path) -> tuple[Verdict, Platt | None]:
    """The verdict, and the calibration that it holds for: that of the sessions judged on, by which no rank changes.

    The probabilities that are judged are each by a calibration on others of these sessions.
    """
    test = read_examples(work / "split", "test")
    old = _said(champion, pd.read_parquet(work / "split" / "test.parquet"))
    model = load_model(work / "train" / "abandonment.keras")
    new = predict(model, test)
    before = calibration_of(core(model))
    log_odds = before.log_odds(logits(model, encode(model, test)))
    if config.abandonment.calibration != "platt" or not np.isfinite(log_odds).all():
        return judge(old, new, test, config.retrain, config.seed, config.evaluate.bins), None
    said = expit(cross_fitted(log_odds, test.abandoned, clusters_of(test.keys), config.seed))
    verdict = judge(old, said, test, config.retrain, config.seed, config.evaluate.bins, ranked=new)
    return verdict, before.then(fit_platt(log_odds, test.abandoned)) if "differences" in verdict.evidence else None


def _hear_again(config: PipelineConfig, work: Path, champions: Champions, kept: KeptChallenger) -> Verdict:
    """The verdict on a challenger of before, by all sessions that neither it nor the champion has learnt from."""
    frame = pd.read_parquet(work / "featurize" / "examples.parquet")
    learnt = champions.learnt_until()
    since = kept.heard_from if learnt is None else max(kept.heard_from, learnt + TICK)
    frame = frame[frame["session_start"] >= since].reset_index(drop=True)
    newest = (frame["session_start"] >= config.split.test_from).to_numpy()
    old, new = (_said(folder, frame) for folder in (champions.folder(MODEL), kept.folder))
    examples = from_frame(frame, read_features(kept.folder / FEATURES))
    return judge(old, new, examples, config.retrain, config.seed, config.evaluate.bins, newest=newest)


def _said(folder: Path, frame: pd.DataFrame) -> Floats:
    """What a model says of some examples, given its own features in its own order."""
    return predict(load_model(folder / "abandonment.keras"), from_frame(frame, read_features(folder / FEATURES)))


def _recommender(made: Plan, work: Path, champion: Path) -> tuple[Verdict, dict[str, Any]]:
    """The verdict, and how much of the whole newest window is on items that the champion does not know."""
    config, since = made.config, pa.scalar(made.new_from, pa.timestamp("us"))
    path = work / "featurize" / "sequences.parquet"
    seen = pq.read_table(path, columns=["items"], filters=pc.field("session_start") >= since)["items"]
    test = read_sequences(work / "split" / "sequences_test.parquet")
    old, new = Recommender.load(champion), Recommender.load(work / "train")
    verdict = judge_recommenders(
        old, new, test, config.retrain, config.seed, config.recommender.top_k, config.evaluate.max_prefixes
    )
    return verdict, new_items(old.vocabulary.items, seen.combine_chunks().flatten().to_numpy(False)).as_table()


def _drift(made: Plan, workdir: Path, work: Path) -> dict[str, Any] | None:
    """What the whole newest window is like beside what the champion learnt from."""
    if not (workdir / "split" / "train.parquet").exists():
        return None
    reference, frame = read_examples(workdir / "split", "train"), pd.read_parquet(work / "featurize/examples.parquet")
    newest = frame[frame["session_start"] >= made.new_from].reset_index(drop=True)
    current = from_frame(newest, read_features(work / "split" / FEATURES))
    kinds = {spec.name: spec.kind for spec in reference.specs}
    shared = {spec.name for spec in current.specs if kinds.get(spec.name) == spec.kind}
    return measure_drift(_only(reference, shared), _only(current, shared), made.config.retrain).as_table()


def _only(examples: Examples, names: set[str]) -> Examples:
    specs = tuple(spec for spec in examples.specs if spec.name in names)
    return Examples(examples.keys, examples.features[[spec.name for spec in specs]], examples.abandoned, specs)
