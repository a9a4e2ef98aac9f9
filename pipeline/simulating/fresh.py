"""Carts of visitors that no model has seen, each at one moment at which it is open, with the truth about them."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.demo import DEMO_SOURCE
from data.demo.crowds import crowd_of, write_crowds
from data.examples import Examples, from_frame
from data.feature import Feature
from data.featurize import featurize
from data.ingest import ingest
from data.sessions import write_sessions
from explain.quality.planted import known_truth
from pipeline.config import PipelineConfig

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fresh:
    """n open carts."""

    examples: Examples
    """Their features; the labels are what becomes of them without a nudge."""

    crowd: npt.NDArray[np.int64]
    """(n,) the crowd of visitors each belongs to."""

    p_abandon: Floats
    """(n,) true probability of being abandoned."""

    p_if_nudged: Floats
    """(n,) the same for a nudge now."""


def fresh_carts(
    config: PipelineConfig, specs: tuple[Feature, ...], crowds: int, seed: int, tell: Callable[[str], None]
) -> Fresh:
    """Simulate crowds of visitors and take them through the stages that make features.

    Each session's decision point is drawn beforehand from those of the run, all as likely, and the carts that are
    open there are the ones that count. Their last moment would not do: that a session ends there says how it ends.

    Args:
        config: a run of the demo shop.
        specs: the features of its model.
        crowds: how many crowds, each as large as the run's own.
        seed: of the visitors and of the moments.
        tell: what is being done at the moment.
    """
    keep = config.features.model_copy(update={"unfinished": "keep"})  # nothing follows where the simulator ends
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(scratch) / name for name in ("demo", "ingest", "sessionize", "featurize")]
        for folder in folders:
            folder.mkdir()
        demo, events, sessions, featurized = folders
        write_crowds(config.demo, crowds, seed, demo, tell)
        tell("making features")
        ingest(DEMO_SOURCE, config.ingest, config.engine, demo / "events.parquet", events)
        write_sessions(events / "events.parquet", config.session, config.engine, sessions)
        featurize(sessions / "events.parquet", keep, config.session, config.engine, featurized)
        frame = pd.read_parquet(featurized / "examples.parquet")
        frame = frame[_drawn(frame, config.features.decision_points, seed)].reset_index(drop=True)
        known = known_truth(pd.read_parquet(demo / "truth.parquet"), frame)
    return Fresh(
        from_frame(frame, specs),
        frame["visitor_id"].map(crowd_of).to_numpy(dtype=np.int64),
        known["p_abandon"].to_numpy(dtype=np.float64),
        known["p_if_nudged"].to_numpy(dtype=np.float64),
    )


def _drawn(frame: pd.DataFrame, points: tuple[int, ...], seed: int) -> npt.NDArray[np.bool_]:
    """(n,) whether an example stands at the decision point that was drawn for its session."""
    session, names = pd.factorize(frame["session_id"], sort=True)
    wanted = np.random.default_rng([seed, 0]).choice(np.array(points), len(names))
    drawn: npt.NDArray[np.bool_] = frame["decision_point"].to_numpy() == wanted[session]
    return drawn
