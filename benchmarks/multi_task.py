"""What a session's items add to the abandonment model, and what the next-item task adds to them.

    python -m benchmarks.multi_task [--taobao FILE] [--quick] [--seeds N]

On the demo shop and on a log of Taobao's (left out where FILE is not there), for every seed: the abandonment model as
it is configured, without a search; the session's network with one task and with both; and the abandonment model with
the session. Prints the test AUC of all four and, over the mean of the seeds, the paired 95% intervals by session of
what each has over the abandonment model, and the second task over the single one. Either answer is fine, so the one
target is that every interval is there. `--quick` takes one seed and a small demo shop alone.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Target, finish
from models.abandonment import predict
from models.binary_metrics import Floats, binary_metrics, bootstrap_metrics, interval
from models.evaluation import clusters_of
from models.multi_task.evaluation import COMPARED, TABULAR
from models.multi_task.inputs import Side, read_side
from models.multi_task.training import MULTI_TASK, NETWORKS, SESSION, Material, train_multi_task
from models.sessions.sequences import read_sequences
from models.training import train_abandonment
from pipeline.config import PipelineConfig, load_config
from pipeline.progress import Progress
from pipeline.runner import run
from pipeline.stage import STAGES

TAOBAO = Path(__file__).resolve().parents[2] / "shared" / "data" / "taobao" / "UserBehavior.csv"
SETTINGS = ("multi_task.enabled=true", "tracking.enabled=false")
QUICK = ("demo.sessions=3000", "abandonment.epochs=8", "multi_task.epochs=3")
BINS, RESAMPLES = 15, 1_000
PAIRS = ((SESSION, TABULAR), (MULTI_TASK, TABULAR), ("tabular_and_session", TABULAR), (MULTI_TASK, SESSION))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--taobao", type=Path, default=TAOBAO, help="UserBehavior.csv")
    parser.add_argument("--quick", action="store_true", help="a form of about a minute")
    parser.add_argument("--seeds", type=int, default=3, help="trainings, of which the mean is told")
    arguments = parser.parse_args()
    shops = {"demo": load_config("demo", None, (*SETTINGS, *(QUICK if arguments.quick else ())))}
    if arguments.taobao.exists() and not arguments.quick:
        shops["taobao"] = load_config("taobao", None, SETTINGS, arguments.taobao)
    figures: dict[str, float] = {}
    for name, config in shops.items():
        with tempfile.TemporaryDirectory() as folder:
            found = _measure(config, Path(folder), 1 if arguments.quick else arguments.seeds)
        figures |= {f"{name}_{figure}": value for figure, value in found.items()}
    for figure, value in figures.items():
        print(f"{figure:60s} {value:10.4f}")
    wanted = len(shops) * len(PAIRS) * len(COMPARED)
    figures["intervals"] = float(sum(name.endswith("_low") and np.isfinite(value) for name, value in figures.items()))
    finish("multi_task", figures, (Target("intervals", ">=", wanted),))


def _measure(config: PipelineConfig, folder: Path, seeds: int) -> dict[str, float]:
    """Figures of one shop."""
    with Progress() as progress:
        run(config, folder, progress, stages=STAGES[:4])  # up to the split
    train, validation, test = (read_side(folder / "split", side) for side in ("train", "validation", "test"))
    sessions = read_sequences(folder / "split" / "sequences_train.parquet")
    start = time.perf_counter()
    scores: dict[str, Floats] = {}
    for seed in range(seeds):
        tabular = train_abandonment(train.examples, validation.examples, config.abandonment, seed).model
        material = Material(train, validation, sessions, tabular)
        trained = train_multi_task(material, config.multi_task, config.recommender, seed)
        found = {TABULAR: predict(tabular, test.examples), **trained.scores(test)}
        told = {name: binary_metrics(test.examples.abandoned, one, BINS)["auc"] for name, one in found.items()}
        print(f"seed {seed}, AUC: " + ", ".join(f"{name} {value:.4f}" for name, value in told.items()), flush=True)
        scores |= {f"{name} {seed}": one for name, one in found.items()}
    figures = {"test_examples": float(len(test.examples)), "seconds_per_seed": (time.perf_counter() - start) / seeds}
    return figures | _figures(test, scores, seeds)


def _figures(test: Side, scores: dict[str, Floats], seeds: int) -> dict[str, float]:
    """Metrics as means over the seeds, and differences of these with their intervals."""
    labels, clusters = test.examples.abandoned, clusters_of(test.examples.keys)
    drawn = bootstrap_metrics(labels, scores, clusters, RESAMPLES, BINS, 0)
    points = {name: binary_metrics(labels, one, BINS) for name, one in scores.items()}
    figures: dict[str, float] = {}

    def mean(name: str, of: Any) -> Any:
        return np.mean([of(f"{name} {seed}") for seed in range(seeds)], axis=0)

    for name in (TABULAR, *NETWORKS):
        for metric in points[f"{name} 0"]:
            figures[f"{name}_{metric}"] = float(mean(name, lambda key, metric=metric: points[key][metric]))
    for one, other in PAIRS:
        gaps = mean(one, drawn.__getitem__) - mean(other, drawn.__getitem__)
        for column, metric in enumerate(COMPARED):  # the first of `METRICS`, in their order
            edges = interval(gaps[:, column]) or [np.nan, np.nan]
            figure = f"{one}_less_{other}_{metric}"
            figures[figure] = figures[f"{one}_{metric}"] - figures[f"{other}_{metric}"]
            figures |= {f"{figure}_low": edges[0], f"{figure}_high": edges[1]}
    return figures


if __name__ == "__main__":
    main()
