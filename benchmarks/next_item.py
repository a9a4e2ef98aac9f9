"""The next-item recommender beside every baseline on one public split.

    python -m benchmarks.next_item [--data FOLDER] [--quick] [--seeds N] [--jobs N] [--config JSON]
        [--peer NAME=FILE ...] [--save-ranks FOLDER | --from-ranks FOLDER]

FOLDER holds `train_sequences.jsonl` (one list of item ids a line, in order of time) and `test_prefix_target.jsonl`
(objects with `prefix` and `target`). The last 7% of the training sessions choose the number of epochs, with one seed;
then every seed and the baselines learn from all of them, and the test prefixes are ranked once, over the full
catalogue, ties counted against the scorer. `--quick` learns from the latest 12,000 sessions and has no targets of
quality.

A peer is a system that is not part of the project and was run elsewhere: FILE has the rank it gave each target of the
test, one a line, in the file's order (`benchmarks.ranks`). Ours less a peer's is paired, target by target. Our own
ranks can be saved, so that a peer found later is compared without training again.
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
from benchmarks.next_item_cases import Cases, K, coverage, mean_gains, means
from benchmarks.ranks import read_peers, read_seeds, write_seeds
from models.config import RecommenderConfig
from models.recommending.cases import make_windows
from models.recommending.evaluation import BASELINES
from models.recommending.ranking import Floats
from models.recommending.training import refit, train_recommender
from models.sessions.sequences import Sequences, from_lists
from models.sessions.vocabulary import build_vocabulary

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "retailrocket_clickseq"
QUICK_SESSIONS, QUICK_TESTS = 12_000, 3_000
VALIDATION = 0.07
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

BESIDE = ("markov", "repeat_markov", "vsknn", "vstan")
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


def main() -> None:
    """Run the benchmark."""
    parser = _parser()
    arguments = parser.parse_args()
    config = RecommenderConfig.model_validate(
        CONFIG | ({"dimension": 64} if arguments.quick else {}) | arguments.config
    )
    asked = (arguments.data, arguments.quick, config)
    everything, test = read(arguments.data, arguments.quick)
    vocabulary = build_vocabulary(everything)
    cases = Cases(test, vocabulary, config.max_length)
    try:
        peers = read_peers(arguments.peer, len(cases.targets), taken=BESIDE)
        saved = read_seeds(arguments.from_ranks, len(cases.targets)) if arguments.from_ranks else None
    except (ValueError, OSError) as error:
        parser.error(str(error))
    figures: dict[str, float] = {"test_prefixes": len(cases.targets), "items": cases.items}
    figures |= {f"test_prefixes_{part}": int(rows.sum()) for part, rows in cases.parts.items()}
    if saved is None:
        learned, ours = _learn(*asked, range(1 if arguments.quick else arguments.seeds), arguments.jobs)
        figures |= learned
        if arguments.save_ranks:
            write_seeds(arguments.save_ranks, ours)
    else:
        ours = saved
    gains = mean_gains(ours)
    figures |= cases.told_by_seed(ours) | cases.intervals(gains, "interval")
    for name in BESIDE:
        found = cases.rank(BASELINES[name](everything, vocabulary))
        figures |= cases.beside(name, found.ranks, gains)
        figures |= {f"{name}_{metric}": value for metric, value in coverage(found).items()}
    for name, ranks in peers.items():
        figures |= cases.beside(name, ranks, gains)
    for figure, value in figures.items():
        print(f"{figure:45s} {value:12.4f}")
    targets = QUICK_TARGETS if arguments.quick else TARGETS
    gained = [f"{metric}_at_{K}_gain_over_{name}_low" for name in peers for metric in ("recall", "mrr")]
    finish("next_item", figures, targets + tuple(Target(figure, ">=", 0.0) for figure in gained))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the two files")
    parser.add_argument("--quick", action="store_true", help="a form of about a minute")
    parser.add_argument("--seeds", type=int, default=3, help="trainings, of which the mean is told")
    parser.add_argument("--jobs", type=int, default=2, help="trainings at a time, each on its share of the cores")
    parser.add_argument("--config", type=json.loads, default={}, help="RecommenderConfig as JSON")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=FILE", help="ranks another system gave")
    kept = parser.add_mutually_exclusive_group()
    kept.add_argument("--save-ranks", type=Path, metavar="FOLDER", help="where to leave our ranks, a file a seed")
    kept.add_argument("--from-ranks", type=Path, metavar="FOLDER", help="take our ranks from there, train nothing")
    return parser


def _learn(
    folder: Path, quick: bool, config: RecommenderConfig, seeds: range, jobs: int
) -> tuple[dict[str, float], dict[int, Floats]]:
    """Choose the epochs, then train every seed: what was chosen and measured, and the test's ranks by seed."""
    jobs = min(jobs, len(seeds))
    cores = max(1, (os.cpu_count() or 1) // jobs)
    asked = (folder, quick, config)
    with ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_use_cores, initargs=(cores,)) as pool:
        best, shift, losses = pool.submit(_choose, *asked).result()
        print(f"validation loss {' '.join(f'{loss:.4f}' for loss in losses)}: {best} epochs, shift {shift:.2f}")
        started = [pool.submit(_train, *asked, best, shift, seed) for seed in seeds]
        runs = [one.result() for one in started]
    figures = {"epochs": best, "own_shift": shift} | means([measured for measured, _ in runs])
    return figures, {seed: ranks for seed, (_, ranks) in zip(seeds, runs, strict=True)}


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
) -> tuple[dict[str, float], Floats]:
    """Train on everything, and rank the test's targets."""
    everything, test = read(folder, quick)
    start = time.perf_counter()
    recommender = refit(everything, config, seed, epochs, shift).recommender
    seconds = time.perf_counter() - start
    windows = make_windows(everything, recommender.vocabulary, config.max_length)
    cases = Cases(test, recommender.vocabulary, config.max_length)
    found = cases.rank(recommender)
    measured = coverage(found) | {
        "train_seconds": seconds,
        "targets_per_second": len(windows.targets()) * epochs * (1 + config.backwards) / seconds,
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    told = cases.told(found.ranks) | measured
    print(f"seed {seed}: " + ", ".join(f"{name} {value:.4f}" for name, value in told.items()), flush=True)
    return measured, found.ranks


if __name__ == "__main__":
    main()
