"""A small shop whose log comes by weeks, and the folder of a run that has read the first of them."""

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pandas as pd

from data.config import DemoConfig
from data.demo import simulate
from pipeline.config import PipelineConfig, load_config
from pipeline.planning import Selection
from pipeline.progress import Progress
from pipeline.runner import run

NOW = datetime(2025, 4, 2)
COLUMNS = ("visitor_id", "ts", "event", "item_id", "category", "price", "quantity")
SOURCE = [f"source.columns.{name}={name}" for name in COLUMNS]
SETTINGS = ("preset=demo", "source.kind=events", "source.format=csv", *SOURCE)


@cache
def weeks(sessions: int = 1200) -> list[pd.DataFrame]:
    """Four weeks of events."""
    events = simulate(DemoConfig(sessions=sessions, days=28, items=100)).events
    start = events["ts"].min().normalize()
    return [frame for _, frame in events.groupby((events["ts"] - start) // timedelta(days=7))]


def config(source: Path, *settings: str) -> PipelineConfig:
    """What reads the shop's files."""
    return load_config("demo", None, [*SETTINGS[1:], *settings, f"source.path={source}"])


def first_run(folder: Path, *settings: str) -> PipelineConfig:
    """A run over the first week in `folder/logs`, as far as ingest, in `folder/work`."""
    (folder / "logs").mkdir()
    weeks()[0].to_csv(folder / "logs" / "week0.csv", index=False)
    made = config(folder / "logs", *settings)
    with Progress() as progress:
        run(made, folder / "work", progress, Selection(until="ingest"))
    return made
