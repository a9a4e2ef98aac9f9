"""Measures both models on the test examples, beside their baselines on the same rows."""

import json
from typing import Any

import pandas as pd

from data.examples import read_examples
from models.abandonment import predict
from models.artifacts import load_model
from models.evaluation import evaluate_abandonment
from models.multi_task.evaluation import evaluate_multi_task
from models.recommending.evaluation import evaluate_recommender
from models.recommending.recommender import Recommender
from models.sessions.sequences import read_sequences
from pipeline.stage import Context


def run(context: Context) -> None:
    """Write `metrics.json` and `curves.json`; a model that was not made has `{"skipped": reason}` and no curves.

    The multi-task networks are in it where they were asked for.
    """
    history = json.loads((context.input("train") / "history.json").read_text())
    why = _skipped(history["abandonment"])
    abandonment, curves = (why, {}) if why else _abandonment(context)
    recommender = _skipped(history["recommender"]) or _recommender(context)
    metrics = {"abandonment": abandonment, "recommender": recommender}
    if "multi_task" in history:
        metrics["multi_task"] = _skipped(history["multi_task"]) or _multi_task(context)
    (context.out / "metrics.json").write_text(json.dumps(metrics, indent=1, ensure_ascii=False) + "\n")
    (context.out / "curves.json").write_text(json.dumps(curves) + "\n")


def _skipped(history: dict[str, Any]) -> dict[str, Any]:
    """Why a model was not made; empty where it was."""
    return {key: why for key, why in history.items() if key == "skipped"}


def _abandonment(context: Context) -> tuple[dict[str, Any], dict[str, Any]]:
    config = context.config
    test = read_examples(context.input("split"), "test")
    trained = context.input("train")
    baselines = pd.read_parquet(trained / "baseline_scores.parquet")
    scores = {"model": predict(load_model(trained / "abandonment.keras"), test)}
    scores |= {str(name): baselines[name].to_numpy() for name in baselines}
    chosen = json.loads((trained / "threshold.json").read_text())
    context.progress.detail("bootstrap intervals")
    metrics, curves = evaluate_abandonment(test, scores, config.evaluate, config.costs, chosen["value"], config.seed)
    # What was said when the threshold was chosen holds for what it comes to on the test carts.
    metrics["threshold"]["notes"] = list(dict.fromkeys([*chosen["notes"], *metrics["threshold"]["notes"]]))
    return metrics, curves


def _multi_task(context: Context) -> dict[str, Any]:
    context.progress.detail("multi-task networks")
    test = read_examples(context.input("split"), "test")
    frame = pd.read_parquet(context.input("train") / "multi_task_scores.parquet")
    scores = {str(name): frame[name].to_numpy() for name in frame}
    return evaluate_multi_task(test, scores, context.config.evaluate, context.config.seed)


def _recommender(context: Context) -> dict[str, Any]:
    context.progress.detail("recommender")
    folder = context.input("split")
    train, test = (read_sequences(folder / f"sequences_{side}.parquet") for side in ("train", "test"))
    recommender = Recommender.load(context.input("train"))
    config = context.config
    categories = recommender.catalogue.known_categories() if recommender.catalogue else None
    return evaluate_recommender(
        recommender, train, test, config.recommender, config.seed, config.evaluate.bootstrap,
        config.evaluate.max_prefixes, categories,
    )  # fmt: skip
