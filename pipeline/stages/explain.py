"""Attributions, permutation importance, how good both are, and the report."""

import json
from typing import Any

import keras
import pandas as pd

from data.examples import Examples, read_examples
from explain.attributing.examples import explain_examples
from explain.attributing.explanations import Explanations, write_explanations
from explain.card import CardFacts, model_facts, write_model_card
from explain.card.cost import prediction_seconds
from explain.quality.measure import measure, write_quality
from explain.quality.measures import Material
from explain.report.data import read_report_data, read_run_data
from explain.report.page import write_report
from explain.report.recommender import write_recommender_report
from explain.whole.compute import Sides, explain_whole
from explain.whole.results import write_whole
from models.artifacts import load_model
from models.config import AbandonmentConfig
from models.divergence import DivergedError
from models.training import train_abandonment
from pipeline.stage import Context


def run(context: Context) -> None:
    """Write the explanations and `report/index.html`; without an abandonment model the report alone."""
    metrics = json.loads((context.input("evaluate") / "metrics.json").read_text())
    source = f"preset {context.config.preset}"
    if "skipped" in metrics["abandonment"]:
        data = read_run_data(context.workdir, source=source)
        write_recommender_report(data, context.out / "report")
        write_model_card(data, _facts(context), context.out / "report")
    else:
        _explain(context, source, metrics)


def _explain(context: Context, source: str, metrics: dict[str, Any]) -> None:
    train, test = (read_examples(context.input("split"), side) for side in ("train", "test"))
    model = load_model(context.input("train") / "abandonment.keras")
    context.progress.detail("SHAP values and permutation importance")
    explanations = explain_examples(model, train, test, context.config.explain, context.config.seed)
    write_explanations(explanations, context.out)
    quality = None
    if context.config.explain.quality.enabled:
        quality = _measure(context, model, train, test.take(explanations.rows), explanations)
    context.progress.detail("the model as a whole")
    sides = Sides(train, read_examples(context.input("split"), "validation"), test)
    threshold = float(metrics["abandonment"]["threshold"]["value"])
    whole = explain_whole(model, sides, explanations, threshold, context.config.explain, context.config.seed)
    write_whole(whole, context.out)
    context.progress.detail("report")
    data = read_report_data(
        context.workdir,
        explanations,
        source=source,
        costs=context.config.costs.model_dump(),
        quality=quality,
        whole=whole,
    )
    write_report(data, context.out / "report")
    context.seconds.update(prediction_seconds(model, test))
    write_model_card(data, _facts(context), context.out / "report")


def _facts(context: Context) -> CardFacts:
    """What the model card says of the models."""
    titles = {"abandonment": "abandonment model", "recommender": "recommender"}
    paths = {title: context.input("train") / f"{name}.keras" for name, title in titles.items()}
    models = [model_facts(title, load_model(path), path) for title, path in paths.items() if path.exists()]
    return CardFacts(tuple(models), context.config.seed, context.config.explain.contact)


def _measure(
    context: Context, model: keras.Model, train: Examples, explained: Examples, explanations: Explanations
) -> dict[str, Any]:
    """Write `quality.json`, and give it back."""
    twin = _twin(context, train) if context.config.explain.quality.consistency else None
    context.progress.detail("quality of the explanations")
    truth = context.input("ingest") / "demo" / "truth.parquet"
    found = measure(Material(
        model=model, train=train, explained=explained, explanations=explanations,
        config=context.config.explain, seed=context.config.seed, twin=twin,
        truth=pd.read_parquet(truth) if truth.exists() else None,
    ))  # fmt: skip
    write_quality(found.table, context.out)
    context.seconds.update(found.seconds)
    return found.table


def _twin(context: Context, train: Examples) -> keras.Model | None:
    """A model trained like the train stage's, but from another seed; None where that training diverges."""
    context.progress.detail("a second network, to compare explanations")
    best = AbandonmentConfig.model_validate_json((context.input("tune") / "best.json").read_text())
    validation = read_examples(context.input("split"), "validation")
    try:
        return train_abandonment(train, validation, best, context.config.seed + 1).model
    except DivergedError as why:
        context.progress.note(f"The consistency of the explanations is not measured: from another seed, {why}")
        return None
