"""Whether varying the training sessions helps the recommender: cropped, with items hidden, reordered, and as they are.

    python -m benchmarks.augmentation [--data FOLDER] [--quick]

Of the latest 16,000 RetailRocket training sessions the first 10,000 train, the next 1,000 choose the epoch and the last
5,000 say how good each is: Recall@20 and MRR@20 over their prefixes, mean of three seeds, with the 95% interval of the
difference from no augmentation by session. `--quick` trains on 4,000 sessions with one seed.
"""

import argparse
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.harness import finish
from benchmarks.next_item import DATA, read
from models.config import AugmentationConfig, RecommenderConfig
from models.recommending import ranking
from models.recommending.cases import make_prefixes
from models.recommending.training import train_recommender
from models.sessions.sequences import Sequences
from models.sessions.vocabulary import build_vocabulary

WAYS = {
    "none": AugmentationConfig(),
    "crop": AugmentationConfig(crop=0.3),
    "mask": AugmentationConfig(mask=0.3),
    "reorder": AugmentationConfig(reorder=0.3),
}
CONFIG = RecommenderConfig(min_item_count=1, epochs=40, dropout=0.5, input_dropout=0.5, baselines=())
SESSIONS, QUICK_SESSIONS, CHOOSE, TEST = 10_000, 4_000, 1_000, 5_000
K = 20


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the RetailRocket click sequences")
    parser.add_argument("--quick", action="store_true", help="a form of a few minutes")
    arguments = parser.parse_args()
    everything, _ = read(arguments.data, quick=False)
    count = QUICK_SESSIONS if arguments.quick else SESSIONS
    ends = len(everything) - CHOOSE - TEST + np.cumsum([-count, count, CHOOSE, TEST])
    train, choose, test = (everything.take(np.arange(first, last)) for first, last in pairwise(ends))
    sessions = make_prefixes(test, build_vocabulary(train), CONFIG.max_length).sessions
    seeds = range(1 if arguments.quick else 3)
    figures: dict[str, float] = {"test_prefixes": len(sessions)}
    gains: dict[str, ranking.Floats] = {}
    for name, way in WAYS.items():
        runs = [_train(train, choose, test, way, seed) for seed in seeds]
        gains[name] = np.mean([gain for gain, _ in runs], axis=0)
        told = {"recall_at_20": gains[name][:, 0].mean(), "mrr_at_20": gains[name][:, 1].mean()}
        told |= {f"recall_at_20_seed_{seed}": gain[:, 0].mean() for seed, (gain, _) in zip(seeds, runs, strict=True)}
        told["epochs"] = np.mean([epochs for _, epochs in runs])
        if name != "none":
            told |= _differences(gains[name] - gains["none"], sessions)
        figures |= {f"{name}_{figure}": float(value) for figure, value in told.items()}
        print(f"{name:8s}" + "  ".join(f"{figure} {value:.4f}" for figure, value in told.items()), flush=True)
    finish("augmentation", figures, ())


def _train(
    train: Sequences, choose: Sequences, test: Sequences, way: AugmentationConfig, seed: int
) -> tuple[ranking.Floats, int]:
    """What each test prefix brings to the metrics (`ranking.gains`), and the epochs it took."""
    trained = train_recommender(train, choose, CONFIG.model_copy(update={"augmentation": way}), seed)
    recommender = trained.recommender
    cases = make_prefixes(test, recommender.vocabulary, CONFIG.max_length)

    def scores(first: int, last: int) -> Any:
        return recommender.scores(cases.inputs[first:last])

    found = ranking.rank_all(scores, cases.targets - 1, len(recommender.vocabulary), K)
    return ranking.gains(found.ranks, K), trained.best_epoch + 1


def _differences(gains: ranking.Floats, sessions: npt.NDArray[np.int64]) -> dict[str, float]:
    """Means of the differences in Recall and MRR and their 95% intervals, by session."""
    ends = ranking.bootstrap_intervals(gains, sessions, 1_000, seed=0)
    told: dict[str, float] = {}
    for column, name in enumerate(ranking.names(K)[:2]):
        told[f"{name}_gain"] = float(gains[:, column].mean())
        told[f"{name}_gain_low"], told[f"{name}_gain_high"] = map(float, ends[column])
    return told


if __name__ == "__main__":
    main()
