"""The challenger: trained by the stages of `run` on all but the part of the newest window that it is tested on."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from data.errors import InputError
from data.growing.log_parts import LOG_SOURCE, begin_of_latest, write_log
from models.config import AbandonmentConfig
from pipeline.champion import ABOUT, recommender_settings
from pipeline.config import PipelineConfig
from pipeline.planning import Selection
from pipeline.progress import Progress
from pipeline.quiet import quiet
from pipeline.retraining.champions import Champions
from pipeline.retraining.state import HOME, State, events_of
from pipeline.runner import read_config, run

LOG = "log.parquet"
WORK = "challenger"
TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Plan:
    """What a challenger is made of."""

    config: PipelineConfig
    """That of its run, whose source is the log of all accepted parts."""

    new_from: datetime
    """First moment of the newest window, all of which came after what the champion has learnt from."""

    test_from: datetime
    """First moment of the part of it that is judged on."""

    notes: tuple[str, ...]
    """What a reader of the decision should know."""


def plan_challenger(config: PipelineConfig, workdir: Path, folder: Path, state: State, champions: Champions) -> Plan:
    """The run that makes the challenger.

    Sessions that begin in the latest part of the newest window test; neither model has learnt from any of them. The
    challenger learns from the sessions that ended before, within `retrain.window_days`: also from the newest window's
    earlier part, or it would know nothing of what has changed since the champion was trained. For the same reason
    visitors are drawn for validation, and not the latest days.

    Args:
        config: the user's.
        workdir: the work folder, whose search found the champion's settings.
        folder: that of the retrain.
        state: parts and window.
        champions: what training starts from.
    """
    known = [moment for moment in (state.window_from, champions.learnt_until()) if moment is not None]
    new_from = max(known) + TICK
    parts = [events_of(workdir / HOME, part) for part in state.active]
    with _scratch(folder) as scratch:
        test_from = begin_of_latest(parts, new_from, config.retrain.judged_share, config.engine, scratch)
    notes: list[str] = []
    abandonment, warm = _best(config, workdir, notes), _warm_starts(config, champions, notes)
    changed = {
        "source": LOG_SOURCE.model_copy(update={"path": folder / LOG}),
        "split": config.split.model_copy(update={"by": "time", "validation_by": "visitor", "test_from": test_from}),
        "abandonment": abandonment.model_copy(update={"warm_start": warm.get("abandonment")}),
        "recommender": config.recommender.model_copy(update={"warm_start": warm.get("recommender")}),
        # Networks that are compared in a report only, and never registered.
        "multi_task": config.multi_task.model_copy(update={"enabled": False}),
    }
    if not config.retrain.tune:
        changed["tune"] = config.tune.model_copy(update={"trials": 0})
    return Plan(config.model_copy(update=changed), new_from, test_from, tuple(notes))


def prepare(plan: Plan, home: Path, folder: Path, state: State, progress: Progress) -> int:
    """Write the log and take its examples, without training.

    Returns:
        Sessions to compare on: those with a cart, where both outcomes are among them; of two events or more where there
        is no abandonment model.
    """
    config = plan.config
    parts = [events_of(home, part) for part in state.active]
    with _scratch(folder) as scratch:
        write_log(parts, folder / LOG, config.engine, scratch, config.retrain.window_days)
    run(config, folder / WORK, progress, Selection(until="featurize"))
    return _sessions(folder / WORK / "featurize", plan)


def train(plan: Plan, folder: Path, progress: Progress) -> None:
    """Train and evaluate; a killed training goes on where it was."""
    run(plan.config, folder / WORK, progress, Selection(until="evaluate"))


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A folder for temporary files, of one name: what a kill leaves is gone after the next time."""
    scratch = folder / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    yield scratch
    shutil.rmtree(scratch)


def _sessions(featurized: Path, plan: Plan) -> int:
    if plan.config.abandonment.enabled:
        examples = pd.read_parquet(
            featurized / "examples.parquet", columns=["session_id", "session_start", "abandoned"]
        )
        judged = examples[examples["session_start"] >= plan.test_from]
        return int(judged["session_id"].nunique()) if judged["abandoned"].nunique() == 2 else 0
    sequences = pd.read_parquet(featurized / "sequences.parquet", columns=["session_start", "items"])
    judged = sequences[sequences["session_start"] >= plan.test_from]
    return int((judged["items"].map(len) >= 2).sum())


def _best(config: PipelineConfig, workdir: Path, notes: list[str]) -> AbandonmentConfig:
    """The champion's settings, as long as the configuration that they were found under is the same."""
    file = workdir / "tune" / "best.json"
    if config.retrain.tune or not file.exists():
        return config.abandonment
    before = read_config(workdir)
    if (before.abandonment, before.tune) != (config.abandonment, config.tune):
        notes.append("`abandonment` or `tune` was changed since the run: the challenger has the settings as they are.")
        return config.abandonment
    return AbandonmentConfig.model_validate(json.loads(file.read_text()))


def _warm_starts(config: PipelineConfig, champions: Champions, notes: list[str]) -> dict[str, str]:
    """Addresses of the models to start from; a recommender of another form is none."""
    with quiet():
        from models.recommending.growth import check_form
    found = {model: str(champions.folder(model)) for model in champions.models}
    if "recommender" in found:
        try:
            check_form(config.recommender, recommender_settings(Path(found["recommender"]) / ABOUT))
        except InputError as why:
            notes.append(f"The recommender was trained from zero: {why}")
            del found["recommender"]
    return found
