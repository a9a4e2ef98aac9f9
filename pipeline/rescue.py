"""The rescue list: open carts, how likely each is lost, why, what to show instead, and whether a nudge pays."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from data.errors import InputError
from data.examples import Examples, read_examples
from data.feature import Feature, read_features
from data.open_carts import OpenCarts, read_open_carts, write_open_carts
from data.spreadsheet import harmless
from explain.attributing import sentences
from explain.attributing.attribution import Attributor, background_sample
from models.abandonment import predict
from models.artifacts import load_model
from models.nudging.decision import cart_values, expected_gain
from models.nudging.list_total import ListTotal
from models.nudging.response import segment_of
from pipeline.config import PipelineConfig
from pipeline.recommending import load_recommender, no_recommender
from pipeline.rescue_items import nothing_shown, out_of_stock, shown_in
from pipeline.risk_error import risk_error
from pipeline.runner import need_abandonment

FEATURES = "features.json"


@dataclass(frozen=True)
class Rescue:
    """A rescue list and what a reader should know about it."""

    carts: pd.DataFrame
    """One row per open cart, the one whose nudge is worth most first."""

    notes: tuple[str, ...]
    """What was left out, and why."""

    total: ListTotal
    """What the list comes to."""


def rescue_list(
    config: PipelineConfig, workdir: Path, path: Path, scratch: Path, reasons: bool = True, items: bool = True
) -> Rescue:
    """Score the open carts of a fresh log with the models of a run.

    Args:
        config: the run's configuration; its source says what the fresh log looks like.
        workdir: the run's folder.
        path: the fresh log.
        scratch: folder for temporary files.
        reasons: whether to say why.
        items: whether to say what to show.

    Raises:
        InputError: the run has no model yet, or the log or the list of items not to show cannot be used.
    """
    rescuer = Rescuer(config, workdir, reasons, items)
    if config.source.kind == "features":
        return rescuer(table_carts(config, path, rescuer.specs))
    written = scratch / "carts.parquet"
    write_carts(config, workdir, path, written, scratch, items)
    return rescuer(read_open_carts(written, rescuer.specs))


def table_carts(config: PipelineConfig, path: Path, specs: tuple[Feature, ...]) -> OpenCarts:
    """The rows of a feature table as carts of which nothing else is known.

    Raises:
        InputError: the table cannot be read.
    """
    from data.table.feature_table import read_feature_rows

    found = read_feature_rows(config.source, path, specs)
    nothing: list[list[str]] = [[] for _ in range(len(found))]
    return OpenCarts(found, nothing, nothing, pd.Series(np.nan, index=range(len(found))))


def write_carts(
    config: PipelineConfig, workdir: Path, path: Path, out: Path, scratch: Path, items: bool = True
) -> None:
    """Write the open carts of a fresh log, for `data.open_carts`, with what recommending `items` takes or without.

    Raises:
        InputError: the log cannot be read, or has no open cart.
    """
    source = config.source
    if source.kind == "demo":
        from data.demo import DEMO_SOURCE

        source = DEMO_SOURCE
    history = workdir / "ingest" / "events.parquet"
    write_open_carts(source, config.ingest, config.session, config.engine, path, history, out, scratch, items)


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
        aside.unlink(missing_ok=True)
        raise InputError(
            f"`--output` should be a file that can be written. Received: {path} ({error.strerror})."
        ) from None


class Rescuer:
    """The models of a run, to judge any number of open carts.

    Args:
        config: the run's configuration.
        workdir: the run's folder.
        reasons: whether to say why, which takes most of the time.
        items: whether to say what to show.

    Raises:
        InputError: the run has no model yet, or its log no more, or the list of items not to show cannot be read.
    """

    def __init__(self, config: PipelineConfig, workdir: Path, reasons: bool = True, items: bool = True) -> None:
        need_abandonment(config, workdir)
        if not (workdir / "split" / FEATURES).exists():
            raise InputError(
                f"`score` needs the log that the models were trained on as well, and {workdir} has it no more: `clean` "
                f"deleted it. Run again: python -m pipeline run --workdir {workdir}"
            )
        self._risk_error = risk_error(workdir)
        self._excluded = out_of_stock(config.rescue)
        self.specs = read_features(workdir / "split" / FEATURES)
        self._config, self._items = config, items
        self._model = load_model(workdir / "train" / "abandonment.keras")
        self._attribute: Attributor | None = None
        if reasons:
            rows = background_sample(read_examples(workdir / "split", "train"), config.explain.background, config.seed)
            self._attribute = Attributor(self._model, rows, self.specs)
        self._no_items = no_recommender(workdir)
        self._recommender = load_recommender(workdir) if items and not self._no_items else None

    def __call__(self, carts: OpenCarts) -> Rescue:
        """The list of some carts, the one whose nudge is worth most first."""
        costs, keys = self._config.costs, carts.examples.keys
        probability = predict(self._model, carts.examples)
        values, notes = cart_values(carts.examples, costs)
        segment, sale = segment_of(carts.examples, costs), costs.margin * values
        gain = expected_gain(probability, segment, sale, costs)
        table = {
            "visitor_id": keys["visitor_id"],
            "session_id": keys["session_id"],
            "last_event": keys["ts"],
            "decision_point": keys["decision_point"],
            "cart_value": carts.cart_value.round(2),
            "abandonment_probability": probability.round(6),
            "expected_nudge_value": gain.round(4),
            "nudge": gain > 0,
        }
        recommended, why = self._shown(carts)
        frame = pd.concat([pd.DataFrame(table), self._reasons(carts.examples), recommended], axis=1)
        ordered = frame.sort_values(["expected_nudge_value", "session_id"], ascending=[False, True], kind="stable")
        total = ListTotal.of(probability, segment, sale, costs, self._risk_error)
        return Rescue(ordered.reset_index(drop=True), (*notes, *why), total)

    def _shown(self, carts: OpenCarts) -> tuple[pd.DataFrame, tuple[str, ...]]:
        if self._recommender is not None:
            return shown_in(self._recommender, carts, self._config.rescue, self._excluded)
        return pd.DataFrame(index=range(len(carts.items))), nothing_shown(self._no_items) if self._items else ()

    def _reasons(self, examples: Examples) -> pd.DataFrame:
        if self._attribute is None:
            return pd.DataFrame(index=range(len(examples)))
        texts = sentences.reasons(self._attribute(examples), examples)
        return pd.DataFrame(
            {
                f"reason_{place + 1}": [text[place] if place < len(text) else None for text in texts]
                for place in range(sentences.REASONS)
            }
        )
