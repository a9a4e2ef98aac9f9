"""The next-item recommender beside every baseline on one public split.

    python -m benchmarks.next_item [--data FOLDER] [--quick] [--seeds N] [--jobs N] [--config JSON]

FOLDER holds `train_sequences.jsonl` (one list of item ids a line, in order of time) and `test_prefix_target.jsonl`
(objects with `prefix` and `target`). The last 7% of the training sessions choose the number of epochs, with one seed;
then every seed and the baselines learn from all of them, and the test prefixes are ranked once, over the full
catalogue, ties counted against the scorer. `--quick` learns from the latest 12,000 sessions and has no targets of
quality.
"""

import argparse
import json
import os
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.harness import Target, finish
from models import ranking
from models.config import RecommenderConfig
from models.recommender_cases import make_prefixes, make_windows
from models.recommender_evaluation import BASELINES
from models.recommender_training import refit, train_recommender
from models.sequences import Ids, Sequences, from_lists
from models.vocabulary import Vocabulary, build_vocabulary

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "retailrocket_clickseq"
QUICK_SESSIONS, QUICK_TESTS = 12_000, 3_000
VALIDATION = 0.07
K = 20
CONFIG: dict[str, Any] = {
    "min_item_count": 1,  # the split ranks every item of the training sessions
    "dimension": 192,
    "dropout": 0.5,
    "input_dropout": 0.5,
    "negatives": 2048,
    "epochs": 8,
    "backwards": True,
}
"""Chosen on the validation sessions."""

PEERS = ("markov", "repeat_markov", "vsknn", "vstan")
TARGETS = (
    Target("recall_at_20", ">=", 0.5927),  # GRU4Rec's official code on this split
    Target("mrr_at_20", ">=", 0.2948),  # the session's items by recency, then Markov
    Target("recall_at_20_gain_over_vstan_low", ">=", 0.0),
    Target("mrr_at_20_gain_over_repeat_markov_low", ">=", 0.0),
)
QUICK_TARGETS = (Target("recall_at_20_gain_over_markov_low", ">=", 0.0),)


def read(folder: Path, quick: bool) -> tuple[Sequences, Sequences]:
    """Training sessions, and test sessions whose last item is the target.

    The test has every prefix of a session, the longest first; all get the session's number as id.
    """
    with (folder / "train_sequences.jsonl").open() as file:
        train = [[str(item) for item in json.loads(line)] for line in file]
    with (folder / "test_prefix_target.jsonl").open() as file:
        rows = [json.loads(line) for line in file][: QUICK_TESTS if quick else None]
    test = [[str(item) for item in [*row["prefix"], row["target"]]] for row in rows]
    number = np.cumsum([place == 0 or row != test[place - 1][:-1] for place, row in enumerate(test)])
    return from_lists(train[-QUICK_SESSIONS:] if quick else train), from_lists(
        test, session_ids=[str(one) for one in number]
    )


class Cases:
    """The last prefix of every test session."""

    def __init__(self, test: Sequences, vocabulary: Vocabulary, length: int) -> None:
        """Encode the prefixes."""
        cases = make_prefixes(test, vocabulary, length)
        last = np.flatnonzero(np.append(np.diff(cases.sessions) > 0, True))
        self.inputs, self.targets, self.repeats = cases.inputs[last], cases.targets[last] - 1, cases.repeats[last]
        self.groups = np.array(test.session_ids, dtype=np.int64)
        self.items = len(vocabulary)

    def rank(self, scorer: Any) -> ranking.Ranking:
        """Where a scorer puts each target."""

        def scores(start: int, stop: int) -> Any:
            inputs: Ids = self.inputs[start:stop]
            return scorer.scores(inputs)

        return ranking.rank_all(scores, self.targets, self.items, K)

    def told(self, found: ranking.Ranking) -> dict[str, float]:
        """Metrics of a ranking, and its Recall where the target is a repeat, and where it is new to the session."""
        hits = ranking.gains(found.ranks, K)[:, 0]
        parts = {
            "recall_at_20_repeats": hits[self.repeats].mean(),
            "recall_at_20_new": hits[~self.repeats].mean(),
        }
        return ranking.metrics(found, K) | {name: float(value) for name, value in parts.items()}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the two files")
    parser.add_argument("--quick", action="store_true", help="a form of about a minute")
    parser.add_argument("--seeds", type=int, default=3, help="trainings, of which the mean is told")
    parser.add_argument("--jobs", type=int, default=2, help="trainings at a time, each on its share of the cores")
    parser.add_argument("--config", type=json.loads, default={}, help="RecommenderConfig as JSON")
    arguments = parser.parse_args()
    config = RecommenderConfig.model_validate(
        CONFIG | ({"dimension": 64} if arguments.quick else {}) | arguments.config
    )
    asked = (arguments.data, arguments.quick, config)
    seeds = range(1 if arguments.quick else arguments.seeds)
    jobs = min(arguments.jobs, len(seeds))
    cores = max(1, (os.cpu_count() or 1) // jobs)
    with ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_use_cores, initargs=(cores,)) as pool:
        best, shift, losses = pool.submit(_choose, *asked).result()
        print(f"validation loss {' '.join(f'{loss:.4f}' for loss in losses)}: {best} epochs, shift {shift:.2f}")
        told_and_found = [pool.submit(_train, *asked, best, shift, seed) for seed in seeds]
        runs = [one.result() for one in told_and_found]
    everything, test = read(arguments.data, arguments.quick)
    cases = Cases(test, build_vocabulary(everything), config.max_length)
    figures: dict[str, float] = {
        "test_prefixes": len(cases.targets),
        "items": cases.items,
        "epochs": best,
        "own_shift": shift,
    }
    for name in runs[0][0]:
        figures[name] = float(np.mean([told[name] for told, _ in runs]))
    for metric in ("recall_at_20", "mrr_at_20", "recall_at_20_new"):
        figures |= {f"{metric}_seed_{seed}": told[metric] for seed, (told, _) in zip(seeds, runs, strict=True)}
    gains = np.mean([ranking.gains(found.ranks, K) for _, found in runs], axis=0)
    figures |= _intervals(gains, cases, "interval")
    for name in PEERS:
        found = cases.rank(BASELINES[name](everything, build_vocabulary(everything)))
        figures |= {f"{name}_{metric}": value for metric, value in cases.told(found).items()}
        figures |= _intervals(gains - ranking.gains(found.ranks, K), cases, f"gain_over_{name}")
    for figure, value in figures.items():
        print(f"{figure:45s} {value:12.4f}")
    finish("next_item", figures, QUICK_TARGETS if arguments.quick else TARGETS)


def _use_cores(cores: int) -> None:
    """Keep this process to so many threads, and two processes off each other's cores."""
    tf.config.threading.set_intra_op_parallelism_threads(cores)
    tf.config.threading.set_inter_op_parallelism_threads(cores)


def _choose(folder: Path, quick: bool, config: RecommenderConfig) -> tuple[int, float, list[float]]:
    """Chosen on the last training sessions: epochs and the shift of the session's own items; and losses by epoch."""
    everything, _ = read(folder, quick)
    cut = round(len(everything) * (1.0 - VALIDATION))
    train, validation = everything.take(np.arange(cut)), everything.take(np.arange(cut, len(everything)))
    found = train_recommender(train, validation, config, seed=0)
    return found.best_epoch + 1, found.own_shift, found.history["val_loss"]


def _train(
    folder: Path, quick: bool, config: RecommenderConfig, epochs: int, shift: float, seed: int
) -> tuple[dict[str, float], ranking.Ranking]:
    """Train on everything, and rank the test's targets."""
    everything, test = read(folder, quick)
    start = time.perf_counter()
    recommender = refit(everything, config, seed, epochs, shift).recommender
    seconds = time.perf_counter() - start
    windows = make_windows(everything, recommender.vocabulary, config.max_length)
    cases = Cases(test, recommender.vocabulary, config.max_length)
    found = cases.rank(recommender)
    told = cases.told(found) | {
        "train_seconds": seconds,
        "targets_per_second": len(windows.targets()) * epochs * (1 + config.backwards) / seconds,
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(f"seed {seed}: " + ", ".join(f"{name} {value:.4f}" for name, value in told.items()), flush=True)
    return told, found


def _intervals(gains: ranking.Floats, cases: Cases, name: str) -> dict[str, float]:
    """95% intervals of the means of gains, by test session."""
    ends = ranking.bootstrap_intervals(gains, cases.groups, 1_000, seed=0)
    figures: dict[str, float] = {}
    for metric, (low, high) in zip(ranking.names(K), ends, strict=True):
        figures |= {f"{metric}_{name}_low": low, f"{metric}_{name}_high": high}
    return figures


if __name__ == "__main__":
    main()
