"""How fast a search is beside KerasTuner as it comes, on the same trials.

    python -m benchmarks.tuning [--quick]

Twelve settings of the abandonment model on the demo shop, drawn by the project's random search, are trained four ways:
by KerasTuner's own tuner in one process as its guide shows it (`tuner.search` with early stopping, `fit` step by step,
`evaluate` after each epoch, weights saved at every improvement); the same with 32 steps a call; by the project in one
process; and by the project with two workers. Networks, encoded examples, batch sizes, epochs and patience are the same;
the project also watches the gradients and keeps a checkpoint after every epoch. Times are wall times of the whole
search, start of the workers included. `--quick` has three settings of three epochs.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Target, finish
from models.config import AbandonmentConfig, TuneConfig
from models.search import search
from models.tasks.carts import CartTask
from models.trials.pool import Pool
from models.trials.trial import TrialRecord

SEED = 0
TARGETS = (Target("times_keras_tuner", ">=", 2.0),)


class Silent:
    """Listens to trials and says nothing."""

    def trial_started(self, trial: str, settings: Mapping[str, Any]) -> None:
        """Nothing to say."""

    def epoch_ended(self, trial: str, epoch: int, metrics: Mapping[str, float]) -> None:
        """Nothing to say."""

    def trial_ended(self, trial: str, metrics: Mapping[str, float], seconds: float, error: str | None) -> None:
        """Nothing to say."""


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three settings of three epochs")
    arguments = parser.parse_args()
    tune = TuneConfig(trials=3, epochs=3) if arguments.quick else TuneConfig(trials=12, epochs=12)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        split = _split(folder)
        two, _ = _timed(lambda: _ours(split, tune, folder / "two", 2))
        one, records = _timed(lambda: _ours(split, tune, folder / "one", 1))
        steps, _ = _timed(lambda: _keras_tuner(split, tune, records, folder / "steps", 32))
        plain, best = _timed(lambda: _keras_tuner(split, tune, records, folder / "plain", 1))
    ours = min(record.metrics["val_loss"] for record in records)
    figures = {
        "keras_tuner_seconds": plain,
        "keras_tuner_32_steps_seconds": steps,
        "one_process_seconds": one,
        "two_workers_seconds": two,
        "times_by_steps": plain / steps,
        "times_by_the_rest_in_one_process": steps / one,
        "times_by_two_workers": one / two,
        "times_keras_tuner": plain / two,
        "best_val_loss": ours,
        "keras_tuner_best_val_loss": best,
        "epochs": float(sum(record.epochs for record in records)),
    }
    finish("tuning", figures, () if arguments.quick else TARGETS)


def _split(folder: Path) -> Path:
    for stage in ("ingest", "sessionize", "featurize", "split"):
        command = [sys.executable, "-m", "pipeline", "run", "--only", stage, "--workdir", str(folder / "work")]
        subprocess.run([*command, "--set", "recommender.enabled=false"], check=True, env={**os.environ})
    return folder / "work" / "split"


def _timed(run: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = run()
    seconds = time.perf_counter() - start
    print(f"{seconds:8.1f} s", flush=True)
    return seconds, result


def _ours(split: Path, tune: TuneConfig, folder: Path, workers: int) -> list[TrialRecord]:
    address = CartTask.address(split, tune.max_rows, SEED)
    with Pool(folder, address, workers, Silent()) as pool:
        return search(pool, AbandonmentConfig(), tune, SEED).records


def _keras_tuner(split: Path, tune: TuneConfig, records: list[TrialRecord], folder: Path, steps: int) -> float:
    """The same settings by KerasTuner's grid search over their number; the best validation loss."""
    import keras
    import keras_tuner

    from models.abandonment import build_abandonment, encode, logit_model
    from models.optimizing.optimizers import make_optimizer
    from models.search.space import configured

    task = CartTask.address(split, tune.max_rows, SEED).open()
    assert isinstance(task, CartTask)
    train, validation = task.train_side, task.validation_side
    first = build_abandonment(train, AbandonmentConfig())
    sides = [
        (encode(first, side), side.abandoned.astype(np.float32)[:, None]) for side in (train, validation)
    ]  # fmt: skip
    configs = [configured(AbandonmentConfig(), record.settings) for record in records]

    class Settings(keras_tuner.HyperModel):
        def build(self, hp: Any) -> keras.Model:
            config = configs[hp.Int("number", 0, len(configs) - 1)]
            trainer = logit_model(build_abandonment(train, config))
            average = config.weight_average * len(train) / config.batch_size
            trainer.compile(
                make_optimizer(config.optimizer, average),
                keras.losses.BinaryCrossentropy(from_logits=True),
                metrics=[keras.metrics.AUC(from_logits=True, name="auc")],
                steps_per_execution=steps,
            )
            return trainer

        def fit(self, hp: Any, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
            config = configs[hp.get("number")]
            return model.fit(*args, batch_size=config.batch_size, **kwargs)

    keras.utils.set_random_seed(SEED)
    tuner = keras_tuner.GridSearch(
        Settings(), objective="val_loss", max_trials=len(configs), directory=str(folder), project_name="carts"
    )
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=AbandonmentConfig().early_stopping.patience)
    tuner.search(*sides[0], validation_data=sides[1], epochs=tune.epochs, callbacks=[stopping], verbose=0)
    return float(tuner.oracle.get_best_trials(1)[0].score)


if __name__ == "__main__":
    main()
