"""Trains the abandonment model, its baselines, the recommender and, where asked for, the multi-task networks."""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from data.errors import InputError
from data.examples import read_examples
from models.abandonment import predict
from models.artifacts import load_model, save_model
from models.baselines import baseline_scores
from models.checkpoint import Place
from models.config import AbandonmentConfig
from models.gradient_health import sentences
from models.multi_task.evaluation import TABULAR
from models.multi_task.inputs import read_side
from models.multi_task.training import Material, train_multi_task
from models.nudging.decision import choose_threshold
from models.nudging.response import segment_of
from models.progress import each_epoch
from models.recommending.catalogue import read_catalogue
from models.recommending.recommender import Recommender
from models.recommending.training import NotEnough, train_recommender
from models.sessions.sequences import read_sequences
from models.training import train_abandonment
from pipeline.stage import ABANDONMENT_OFF, Context


def run(context: Context) -> None:
    """Write both models, the catalogue, `history.json`, `threshold.json` and the baselines' scores of the test rows.

    What was ill about the abandonment model's gradients stands in `gradients.json`, in words.

    With `multi_task.enabled` there are `multi_task.keras` and `multi_task_scores.parquet` too.

    The test rows' features are scored here; their labels are first looked at in `evaluate`.

    Raises:
        InputError: neither model can be made, or a condition of `costs.segments` cannot be used.
    """
    enabled = context.config.abandonment.enabled
    history: dict[str, dict[str, Any]] = {
        "abandonment": _abandonment(context) if enabled else {"skipped": ABANDONMENT_OFF},
        "recommender": _recommender(context),
    }
    if all("skipped" in made for made in history.values()):
        raise InputError(
            f"Nothing is left to make: the abandonment model is {ABANDONMENT_OFF}, and there can be no recommender: "
            f"{history['recommender']['skipped']}."
        )
    if context.config.multi_task.enabled:
        history["multi_task"] = _multi_task(context, history["recommender"])
    (context.out / "history.json").write_text(json.dumps(history, indent=1) + "\n")


def _abandonment(context: Context) -> dict[str, Any]:
    config = context.config
    train, validation, test = (read_examples(context.input("split"), side) for side in ("train", "validation", "test"))
    segment_of(validation, config.costs)  # a condition that cannot be used is told before training
    best = AbandonmentConfig.model_validate_json((context.input("tune") / "best.json").read_text())
    folder = context.scratch / "abandonment"
    folder.mkdir(exist_ok=True)
    teller = _teller(context, "abandonment")
    place = context.champions.get("abandonment")
    earlier = load_model(place / "abandonment.keras") if place else None
    trained = train_abandonment(train, validation, best, config.seed, teller, Place(folder), earlier=earlier)
    save_model(trained.model, context.out / "abandonment.keras")
    threshold = choose_threshold(predict(trained.model, validation), validation, config.costs)
    threshold["notes"] = [*trained.notes, *threshold["notes"]]
    (context.out / "threshold.json").write_text(json.dumps(threshold, indent=1) + "\n")
    ill = sentences(trained.findings)
    for sentence in ill:
        context.progress.note(sentence)
    (context.out / "gradients.json").write_text(json.dumps(ill, indent=1, ensure_ascii=False) + "\n")
    context.progress.detail("baselines")
    scores = baseline_scores(train, validation, test, best.baselines, config.seed)
    pd.DataFrame(scores).to_parquet(context.out / "baseline_scores.parquet")
    if not trained.start:
        return {**trained.history}
    context.progress.note(trained.start)
    return trained.history | {"warm_start": {"note": trained.start}}


def _recommender(context: Context) -> dict[str, Any]:
    config = context.config
    try:
        if config.source.kind == "features":
            raise NotEnough("a feature table has no items to recommend")
        if not config.recommender.enabled:
            raise NotEnough("switched off by `recommender.enabled`")
        folder = context.input("split")
        files = (folder / f"sequences_{side}.parquet" for side in ("train", "validation"))
        train, validation = (read_sequences(file, context.scratch) for file in files)
        catalogue = read_catalogue(context.input("featurize") / "catalogue.parquet")
        place = context.champions.get("recommender")
        champion = Recommender.load(place) if place else None
        # Where the champion came from is no property of the model: another address of the same one gives equal bytes.
        settings = config.recommender.model_copy(update={"warm_start": None})
        callbacks = [each_epoch(_teller(context, "recommender"))]
        categories = catalogue.known_categories() if champion else None
        trained = train_recommender(train, validation, settings, config.seed, callbacks, champion, categories)
    except NotEnough as why:
        context.progress.note(f"No recommender: {why}")
        return {"skipped": str(why)}
    made = trained.recommender
    Recommender(made.model, made.vocabulary, made.config, catalogue).save(context.out)
    if trained.growth is None:
        return {**trained.history}
    context.progress.note(trained.growth.told())
    return trained.history | {"warm_start": trained.growth.about()}


def _multi_task(context: Context, recommender: Mapping[str, Any]) -> dict[str, Any]:
    if "skipped" in recommender:
        return {"skipped": f"there is no recommender: {recommender['skipped']}"}
    config, folder = context.config, context.input("split")
    train, validation, test = (read_side(folder, side) for side in ("train", "validation", "test"))
    tabular = load_model(context.out / "abandonment.keras")
    material = Material(train, validation, read_sequences(folder / "sequences_train.parquet"), tabular)
    trained = train_multi_task(
        material, config.multi_task, config.recommender, config.seed,
        lambda name: _teller(context, name.replace("_", " ")),
    )  # fmt: skip
    save_model(trained.model(), context.out / "multi_task.keras")
    scores = {TABULAR: predict(tabular, test.examples), **trained.scores(test)}
    pd.DataFrame(scores).to_parquet(context.out / "multi_task_scores.parquet")
    return dict(trained.history())


def _teller(context: Context, model: str) -> Callable[[int, Mapping[str, float]], None]:
    def tell(epoch: int, metrics: Mapping[str, float]) -> None:
        context.progress.detail(f"{model}, epoch {epoch + 1}, validation loss {metrics.get('val_loss', math.nan):.4f}")

    return tell
