"""Carts of visitors that no model has seen, each at one moment at which it is open, with the truth about them."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.demo import DEMO_SOURCE
from data.demo.crowds import write_crowds
from data.demo.log import CAPACITY
from data.examples import Examples, from_frame
from data.feature import Feature
from data.featurize import featurize
from data.raw.ingest import ingest
from data.sessions import write_sessions
from explain.quality.planted import known_truth
from pipeline.config import PipelineConfig

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fresh:
    """n open carts."""

    examples: Examples
    """Their features; the labels are what becomes of them without a nudge."""

    sessions: pd.DataFrame
    """n × 4: `items` (list of ids as in the catalogue), `events` (list of kinds) and `gaps` (list of seconds), what
    each session held up to its cart's moment, oldest first; `bought`, the items that its visitor had bought by then."""

    p_abandon: Floats
    """(n,) true probability of being abandoned."""

    p_if_nudged: Floats
    """(n,) the same for a nudge now."""


def fresh_carts(
    config: PipelineConfig, specs: tuple[Feature, ...], crowds: range, seed: int, tell: Callable[[str], None]
) -> Fresh:
    """Simulate crowds of visitors and take them through the stages that make features.

    Each session's decision point is drawn beforehand from those of the run, all as likely, and the carts that are
    open there are the ones that count. Their last moment would not do: that a session ends there says how it ends.

    Args:
        config: a run of the demo shop.
        specs: the features of its model.
        crowds: which crowds, each as large as the run's own.
        seed: of the visitors and of the moments.
        tell: what is being done at the moment.
    """
    # Nothing follows where the simulator ends, and what a session began with says what it is for.
    keep = config.features.model_copy(update={"unfinished": "keep", "max_sequence": CAPACITY})
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(scratch) / name for name in ("demo", "ingest", "sessionize", "featurize")]
        for folder in folders:
            folder.mkdir()
        demo, events, sessions, featurized = folders
        write_crowds(config.demo, crowds, seed, demo, tell)
        tell("making features")
        ingest(DEMO_SOURCE, config.ingest, config.engine, demo / "events.parquet", events)
        write_sessions(events / "events.parquet", config.session, config.engine, sessions)
        featurize(sessions / "events.parquet", keep, config.session, config.engine, featurized, with_sequences=True)
        frame = pd.read_parquet(featurized / "examples.parquet")
        drawn = _drawn(frame, config.features.decision_points, [seed, 0, crowds.start])
        held = pd.read_parquet(featurized / "example_sequences.parquet", columns=["items", "events", "gaps"])
        frame, held = (table[drawn].reset_index(drop=True) for table in (frame, held))
        known = known_truth(pd.read_parquet(demo / "truth.parquet"), frame)
        sold = pd.read_parquet(events / "events.parquet", filters=[("event", "==", "purchase")])
    held = held.assign(bought=bought_before(sold, frame))
    return Fresh(
        from_frame(frame, specs),
        held.assign(**{name: held[name].map(_plain) for name in ("items", "bought")}),
        known["p_abandon"].to_numpy(dtype=np.float64),
        known["p_if_nudged"].to_numpy(dtype=np.float64),
    )


def bought_before(sold: pd.DataFrame, carts: pd.DataFrame) -> pd.Series:
    """(n,) for each cart a list of the items that its visitor had bought before the cart's moment.

    Args:
        sold: purchases, with `visitor_id`, `item_id` and `ts`.
        carts: n rows with `visitor_id` and `ts`, numbered 0 … n − 1.
    """
    both = carts[["visitor_id", "ts"]].reset_index().merge(sold, on="visitor_id", suffixes=("", "_sold"))
    earlier = both[both["ts_sold"] < both["ts"]].drop_duplicates(["index", "item_id"])
    found = earlier.groupby("index")["item_id"].agg(list).reindex(range(len(carts)))
    return found.map(lambda items: items if isinstance(items, list) else []).astype(object)


def _plain(items: Sequence[str]) -> list[str]:
    """Items as the catalogue has them, without the number of the crowd."""
    return [item.partition(":")[2] for item in items]


def _drawn(frame: pd.DataFrame, points: tuple[int, ...], seed: list[int]) -> npt.NDArray[np.bool_]:
    """(n,) whether an example stands at the decision point that was drawn for its session."""
    session, names = pd.factorize(frame["session_id"], sort=True)
    wanted = np.random.default_rng(seed).choice(np.array(points), len(names))
    drawn: npt.NDArray[np.bool_] = frame["decision_point"].to_numpy() == wanted[session]
    return drawn
