"""`tune` on handwritten digits: search, train the best setting again, and open the test images once."""

import json
import time
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from data.digits import read_digits, split_digits
from data.errors import InputError
from models.artifacts import save_model
from models.checkpoint import Place
from models.digits.training import hits, train_digits
from models.search import search
from models.tasks.digits import DigitsTask
from models.trials.pool import Pool
from pipeline.config import PipelineConfig, as_table
from pipeline.planning import need_path
from pipeline.progress import Progress
from pipeline.tracking import Tracker
from pipeline.trial_runs import TrialRuns, trial_label
from pipeline.workdir import locked, write_whole

FOLDER = "digits"
METHODS = ("random", "grid", "bayesian", "hyperband", "evolutionary")


def tune_digits(config: PipelineConfig, workdir: Path, progress: Progress) -> dict[str, Any]:
    """Search over the digit classifier; a search that was killed goes on where it was.

    Returns:
        `trials`, `best` (the configuration), `validation` {accuracy} and `test` {accuracy, interval}: 95%, Wilson's.
        Also in `workdir/digits/result.json`, with the model beside it in `digits.keras`.

    Raises:
        InputError: the input is no file of digits, or every trial failed.
    """
    path, tune, folder = need_path(config), config.tune, workdir / FOLDER
    if tune.method not in METHODS:
        raise InputError(f"`tune.method` should be one of {', '.join(METHODS)} for digits. Received: {tune.method}")
    train, test = read_digits(path)
    title = f"{config.preset} · tune {tune.method}"
    with locked(workdir), Tracker(config, folder, title=title, warn=progress.note) as tracker:
        start = time.perf_counter()
        progress.started("tune")
        listener = TrialRuns(tracker, progress, trial_label, tune.trials)
        address = DigitsTask.address(path, config.seed, tune.max_rows)
        deadline = None if tune.minutes is None else time.monotonic() + 60 * tune.minutes
        with Pool(folder / "trials", address, tune.workers, listener, deadline) as pool:
            found = search(pool, config.digits, tune, config.seed)
        progress.detail("training the best setting")
        place = folder / "best"
        place.mkdir(exist_ok=True)
        sides = split_digits(train, config.seed)
        trained = train_digits(*sides, found.best, config.seed, place=Place(place))
        right = hits(trained.model, test)
        result: dict[str, Any] = {
            "trials": found.rows,
            "best": as_table(found.best),
            "validation": {"accuracy": trained.history["val_accuracy"][trained.best_epoch]},
            "test": {"accuracy": float(right.mean()), "interval": _interval(int(right.sum()), len(right))},
        }
        save_model(trained.model, folder / "digits.keras")
        write_whole(folder / "result.json", json.dumps(result, indent=1) + "\n")
        if tracker.enabled:
            metrics = {f"digits.{side}.accuracy": result[side]["accuracy"] for side in ("validation", "test")}
            with tracker.delivering():
                listener.catch_up(found.rows)
                tracker.log_run(metrics, [], [folder / "result.json"], trained.history, {"method": tune.method})
                tracker.finish()
        progress.finished("tune", "done", time.perf_counter() - start, f"{len(found.records)} trials")
    return result


def _interval(right: int, images: int) -> list[float]:
    found = binomtest(right, images).proportion_ci(method="wilson")
    return [float(found.low), float(found.high)]
