"""The rescue list: open carts, how likely each is lost, why, what to show instead, and whether a nudge pays."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from data.errors import InputError
from data.examples import Examples, read_examples
from data.feature import read_features
from data.open_carts import OpenCarts, read_open_carts
from data.spreadsheet import harmless
from explain.attribution import attribute, background_sample
from explain.sentences import reasons
from models.abandonment import predict
from models.artifacts import load_model
from models.decision import cart_values, nudge_value
from pipeline.config import PipelineConfig
from pipeline.rescue_items import items_to_show, out_of_stock

REASONS = 3


@dataclass(frozen=True)
class Rescue:
    """A rescue list and what a reader should know about it."""

    carts: pd.DataFrame
    """One row per open cart, the one whose nudge is worth most first."""

    notes: tuple[str, ...]
    """What was left out, and why."""


def rescue_list(config: PipelineConfig, workdir: Path, path: Path, scratch: Path) -> Rescue:
    """Score the open carts of a fresh log with the models of a run.

    Args:
        config: the run's configuration; its source says what the fresh log looks like.
        workdir: the run's folder.
        path: the fresh log.
        scratch: folder for temporary files.

    Raises:
        InputError: the run has no model yet, or the log or the list of items not to show cannot be used.
    """
    if not (workdir / "train" / "abandonment.keras").exists():
        raise InputError(f"{workdir} has no model yet. Run first: python -m pipeline run --workdir {workdir}")
    excluded = out_of_stock(config.rescue)
    specs = read_features(workdir / "split" / "features.json")
    if config.source.kind == "features":
        from data.feature_table import read_feature_rows

        found = read_feature_rows(config.source, path, specs)
        nothing: list[list[str]] = [[] for _ in range(len(found))]
        carts = OpenCarts(found, nothing, nothing, pd.Series(np.nan, index=range(len(found))))
    else:
        source = config.source
        if source.kind == "demo":
            from data.demo import DEMO_SOURCE

            source = DEMO_SOURCE
        history = workdir / "ingest" / "events.parquet"
        carts = read_open_carts(source, config.ingest, config.session, config.engine, path, history, specs, scratch)
    return _rescue(config, workdir, carts, excluded)


def write_rescue(carts: pd.DataFrame, path: Path) -> None:
    """Write the list as CSV or Parquet, whole or not at all.

    In CSV, a text that a spreadsheet would run as a formula gets a leading apostrophe.

    Raises:
        InputError: the file's ending is neither .csv nor .parquet, or it cannot be written.
    """
    aside = path.with_name(f".{path.name}.partial")
    try:
        if path.suffix == ".parquet":
            carts.to_parquet(aside, index=False)
        else:
            texts = carts.select_dtypes(include=["object", "string"]).columns
            carts.assign(**{name: carts[name].map(harmless) for name in texts}).to_csv(aside, index=False)
        aside.rename(path)
    except OSError as error:
        raise InputError(
            f"`--output` should be a file that can be written. Received: {path} ({error.strerror})."
        ) from None


def _rescue(config: PipelineConfig, workdir: Path, carts: OpenCarts, excluded: list[str]) -> Rescue:
    model = load_model(workdir / "train" / "abandonment.keras")
    probability = predict(model, carts.examples)
    values, notes = cart_values(carts.examples, config.costs)
    gain = nudge_value(probability, values, config.costs)
    table = {
        "visitor_id": carts.examples.keys["visitor_id"],
        "session_id": carts.examples.keys["session_id"],
        "last_event": carts.examples.keys["ts"],
        "decision_point": carts.examples.keys["decision_point"],
        "cart_value": carts.cart_value.round(2),
        "abandonment_probability": probability.round(6),
        "expected_nudge_value": gain.round(4),
        "nudge": gain > 0,
    }
    frame = pd.DataFrame(table)
    frame = pd.concat([frame, _reasons(config, workdir, model, carts.examples)], axis=1)
    recommended, why = items_to_show(workdir, carts, config.rescue, excluded)
    frame = pd.concat([frame, recommended], axis=1)
    ordered = frame.sort_values(["expected_nudge_value", "session_id"], ascending=[False, True], kind="stable")
    return Rescue(ordered.reset_index(drop=True), (*notes, *why))


def _reasons(config: PipelineConfig, workdir: Path, model: object, examples: Examples) -> pd.DataFrame:
    background = background_sample(read_examples(workdir / "split", "train"), config.explain.background, config.seed)
    texts = reasons(attribute(model, background, examples), examples, top=REASONS)
    return pd.DataFrame(
        {
            f"reason_{place + 1}": [text[place] if place < len(text) else None for text in texts]
            for place in range(REASONS)
        }
    )
