"""Logs the run and its models to MLflow and registers the models."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from data.examples import Examples, read_examples
from pipeline.cart_files import copy_files, example_carts, write_cart_model
from pipeline.code_version import code_version
from pipeline.config import flat
from pipeline.publishing import publish_report
from pipeline.stage import Context, NotApplicable
from pipeline.summary import explanation_figures
from pipeline.tracking import Dataset, LoggedModel, register
from pipeline.trial_runs import TrialRuns, trial_label
from pipeline.workdir import read_manifest

LIBRARIES = (
    *("tensorflow", "tensorflow-recommenders", "tf-keras", "keras"),
    *("numpy", "scipy", "pandas", "pyarrow", "pydantic"),
)
"""What every registered model imports."""

SIDES = {"train": "training", "validation": "validation", "test": "test"}


def run(context: Context) -> None:
    """Write `registered.json`: name, version, aliases and address of each registered model.

    Raises:
        Unreachable: the store does not take them; the stage has no result then, and runs again with the next run.
    """
    if not context.tracker.enabled:
        raise NotApplicable("switched off by `tracking.enabled`")
    with context.tracker.delivering():
        registered = _deliver(context)
    (context.out / "registered.json").write_text(json.dumps(registered, indent=1) + "\n")


def _deliver(context: Context) -> list[dict[str, Any]]:
    metrics = json.loads((context.input("evaluate") / "metrics.json").read_text())
    context.progress.detail("logging the run to MLflow")
    _log_run(context, metrics)
    tags = {
        "preset": context.config.preset,
        "config": context.tracker.settings,
        **code_version(),
        **windows(context),
    }
    registered = []
    for model in logged_models(context, metrics):
        context.progress.detail(f"registering {model.name}")
        registered.append(register(context.tracker.client, context.tracker.run_id, model, tags))
    context.tracker.finish()
    return registered


def _log_run(context: Context, metrics: Mapping[str, Any]) -> None:
    trials = context.input("tune") / "trials.json"
    if trials.exists():
        took = (read_manifest(context.workdir, "tune") or {}).get("measured_seconds", {})
        TrialRuns(context.tracker, context.progress, trial_label).catch_up(json.loads(trials.read_text()), took)
    history = json.loads((context.input("train") / "history.json").read_text())
    curves = {
        f"{model}.{name}": values
        for model, series in history.items()
        for name, values in series.items()
        if isinstance(values, list)
    }
    # An id that a source gives a session, and one that is made here of the visitor's, stays in the work folder.
    publish_report(context.workdir, context.config, context.scratch / "report", context.config.ingest.hash_visitors)
    artifacts = [
        context.scratch / "report",
        context.input("explain") / "quality.json",
        context.input("evaluate") / "metrics.json",
        context.input("split") / "split.json",
        context.input("tune") / "trials.json",
        context.input("tune") / "best.json",
    ]
    known = [path for path in artifacts if path.exists()]
    tags = {"preset": context.config.preset, "optimizer": _optimizer(context)}
    figures = {**dict(_figures(metrics)), **dict(_explanation(context))}
    context.tracker.log_run(figures, _datasets(context), known, curves, tags)


def _datasets(context: Context) -> list[Dataset]:
    prefix = "" if context.config.abandonment.enabled else "sequences_"
    outputs = (read_manifest(context.workdir, "split") or {"outputs": {}})["outputs"]
    files = {side: f"{prefix}{side}.parquet" for side in SIDES}
    return [Dataset(side, SIDES[side], context.input("split") / file, outputs[file]) for side, file in files.items()]


def _optimizer(context: Context) -> str:
    best = context.input("tune") / "best.json"
    if not best.exists():
        return context.config.recommender.optimizer.name
    return str(json.loads(best.read_text())["optimizer"]["name"])


def _figures(metrics: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for model in ("abandonment", "recommender", "multi_task"):
        for part in ("test", "baselines"):
            for name, value in flat(metrics.get(model, {}).get(part, {})):
                if isinstance(value, int | float):
                    yield f"{model}.{part}.{name}", float(value)


def _explanation(context: Context) -> Iterator[tuple[str, float]]:
    for name, value in flat({"explanation": explanation_figures(context.workdir)}):
        if isinstance(value, int | float):
            yield name, float(value)


def windows(context: Context) -> dict[str, str]:
    """When the first and the last session of each side began, as tags."""
    counts = json.loads((context.input("split") / "split.json").read_text())["counts"]
    return {
        f"{side}_{edge}": str(counts[side][edge]) for side in SIDES for edge in ("from", "to") if counts[side].get(edge)
    }


def logged_models(context: Context, metrics: Mapping[str, Any]) -> Iterator[LoggedModel]:
    """What is logged of each trained model that `metrics` does not call skipped."""
    for name, make in (("abandonment", _abandonment), ("recommender", _recommender)):
        if "skipped" not in metrics[name]:
            yield make(context, metrics[name]["test"])


def _abandonment(context: Context, figures: Mapping[str, float | None]) -> LoggedModel:
    known = {key: value for key, value in figures.items() if value is not None}
    make = _from_features if context.config.source.kind == "features" else _from_events
    return make(context, context.scratch / "abandonment", known)


def _from_events(context: Context, folder: Path, figures: Mapping[str, float]) -> LoggedModel:
    from explain.loaders import cart

    write_cart_model(context.config, context.workdir, folder)
    example = example_carts(context.workdir)
    return LoggedModel(
        context.config.tracking.abandonment_name,
        "explain.loaders.cart",
        ("data", "models", "explain"),
        (*LIBRARIES, "scikit-learn", "shap"),
        folder,
        example,
        cart._load_pyfunc(str(folder)).predict(example),
        figures,
    )


def _from_features(context: Context, folder: Path, figures: Mapping[str, float]) -> LoggedModel:
    """A table of ready examples has no events to answer about."""
    from models.loaders import abandonment

    copy_files(folder, context.input("train") / "abandonment.keras", context.input("split") / "features.json")
    example = _example(read_examples(context.input("split"), "test"))
    return LoggedModel(
        context.config.tracking.abandonment_name,
        "models.loaders.abandonment",
        ("data", "models"),
        LIBRARIES,
        folder,
        example,
        abandonment._load_pyfunc(str(folder)).predict(example),
        figures,
    )


def _recommender(context: Context, figures: Mapping[str, float]) -> LoggedModel:
    from models.loaders import next_item
    from models.recommending.recommender import FILES

    folder, files = context.scratch / "next_item", [context.input("train") / name for name in FILES]
    copy_files(folder, *(file for file in files if file.exists()))
    used = {"events": context.config.recommender.use_events, "gaps": context.config.recommender.use_gaps}
    told = [name for name, taken in used.items() if taken]
    columns = {"items": "session", **{name: name for name in told}}
    sequences = pd.read_parquet(context.input("split") / "sequences_test.parquet", columns=list(columns)).head(3)
    example = pd.DataFrame({name: [list(values) for values in sequences[column]] for column, name in columns.items()})
    # A row without them makes them optional in the signature that is logged.
    example.loc[example.index[-1:], told] = None
    return LoggedModel(
        context.config.tracking.recommender_name,
        "models.loaders.next_item",
        ("data", "models"),
        LIBRARIES,
        folder,
        example,
        next_item._load_pyfunc(str(folder)).predict(example),
        figures,
    )


def _example(test: Examples) -> pd.DataFrame:
    rows = test.features.head(5).copy()
    for spec in test.specs:
        if spec.kind == "numeric":
            rows[spec.name] = rows[spec.name].astype("float64")
    return rows
