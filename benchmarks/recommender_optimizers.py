"""Whether Adadelta earns its place: the next-item network under every optimizer, under one budget.

    python -m benchmarks.recommender_optimizers [--data FOLDER] [--quick]

The latest 30,000 RetailRocket training sessions less their last tenth train, half of that tenth chooses each
optimizer's learning rate by its loss, and the other half says how good it is: every optimizer gets three rates around
what its authors or Keras propose, and three seeds at the best of them. `--quick` has 4,000 sessions and one seed.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from benchmarks.harness import Target, finish
from benchmarks.next_item import DATA, read
from models.config import OptimizerConfig, RecommenderConfig
from models.recommending import ranking
from models.recommending.cases import make_prefixes
from models.recommending.training import train_recommender
from models.sessions.sequences import Sequences

RATES: dict[str, tuple[float, ...]] = {
    "adadelta": (1.0, 2.0, 4.0),
    "adagrad": (0.05, 0.1, 0.2),
    "rmsprop": (0.001, 0.003, 0.01),
    "adam": (0.001, 0.003, 0.01),
    "nag": (0.0001, 0.0003, 0.001),
    "momentum": (0.0001, 0.0003, 0.001),
    "sgd": (0.0003, 0.001, 0.003),
}
"""Learning rates of each; the gradient is that of the summed loss of a batch, so those of SGD are small."""

SESSIONS, QUICK_SESSIONS = 30_000, 4_000
CONFIG = RecommenderConfig(min_item_count=1, epochs=4, dropout=0.5, input_dropout=0.5, baselines=())
K = 20
TARGETS = (Target("adadelta_behind_best", "<=", 0.005),)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the RetailRocket click sequences")
    parser.add_argument("--quick", action="store_true", help="a form of about two minutes")
    arguments = parser.parse_args()
    everything, _ = read(arguments.data, quick=False)
    count = QUICK_SESSIONS if arguments.quick else SESSIONS
    train, choose, test = (
        everything.take(len(everything) - count + np.arange(round(count * low), round(count * high)))
        for low, high in ((0.0, 0.9), (0.9, 0.95), (0.95, 1.0))
    )
    figures: dict[str, float] = {}
    for name, rates in RATES.items():
        losses = {rate: _train(train, choose, test, name, rate, 0)["val_loss"] for rate in rates}
        best = min(losses, key=lambda rate: losses[rate])
        told = [_train(train, choose, test, name, best, seed) for seed in range(1, 2 if arguments.quick else 4)]
        figures[f"{name}_rate"] = best
        figures |= {f"{name}_{figure}": float(np.mean([one[figure] for one in told])) for figure in told[0]}
        recalls = [one["recall_at_20"] for one in told]
        figures[f"{name}_recall_spread"] = max(recalls) - min(recalls)
        figures[f"{name}_worst_rate_val_loss"] = max(losses.values())
        shown = {figure: value for figure, value in figures.items() if figure.startswith(f"{name}_")}
        print("  ".join(f"{figure} {value:.4g}" for figure, value in shown.items()), flush=True)
    best_recall = max(figures[f"{name}_recall_at_20"] for name in RATES)
    figures["adadelta_behind_best"] = best_recall - figures["adadelta_recall_at_20"]
    finish("recommender_optimizers", figures, () if arguments.quick else TARGETS)


def _train(train: Sequences, choose: Sequences, test: Sequences, name: str, rate: float, seed: int) -> dict[str, float]:
    optimizer = OptimizerConfig.model_validate({"name": name, "learning_rate": rate})
    config = CONFIG.model_copy(update={"optimizer": optimizer})
    start = time.perf_counter()
    trained = train_recommender(train, choose, config, seed)
    seconds = time.perf_counter() - start
    recommender = trained.recommender
    cases = make_prefixes(test, recommender.vocabulary, config.max_length)
    found = ranking.rank_all(
        lambda first, last: recommender.scores(cases.inputs[first:last]),
        cases.targets - 1,
        len(recommender.vocabulary),
        K,
    )
    told = ranking.metrics(found, K)
    return {
        "val_loss": min(trained.history["val_loss"]),
        "recall_at_20": told["recall_at_20"],
        "mrr_at_20": told["mrr_at_20"],
        "seconds": seconds,
    }


if __name__ == "__main__":
    main()
