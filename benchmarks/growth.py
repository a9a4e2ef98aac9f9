"""A recommender that starts from an earlier one, beside that one as it is and one trained from zero.

    python -m benchmarks.growth [--data FOLDER] [--quick] [--epochs N] [--seed N]

FOLDER is that of `benchmarks.next_item`; of its training sessions, which are in order of time, the champion learns
from the first 80%. Then come
    frozen        the champion as it is
    warm          the champion, grown and trained for one epoch on all sessions up to 90%
    warm_random   the same, its new items starting at random
    warm_recent   one epoch on the sessions between 80% and 90% alone, its other items kept
    warm_dropped  the same, its other items dropped
    zero          trained from zero on all sessions up to 90%
and all are tested on the last 10%, at every event that has an earlier one in its session, over the full catalogue, ties
and items that nobody knows counted against the scorer. An item is new that the champion does not know and the one from
zero does. Seconds are those of the processor in training. `--quick` takes the latest 24,000 sessions, without targets.
"""

import argparse
import resource
import time
from pathlib import Path

import numpy as np

from benchmarks.harness import Target, finish
from benchmarks.next_item import CONFIG, DATA, read
from benchmarks.next_item_cases import K
from models.config import RecommenderConfig
from models.recommending import ranking
from models.recommending.cases import Prefixes, make_prefixes
from models.recommending.recommender import Recommender
from models.recommending.training import TrainedRecommender, train_recommender
from models.sessions.sequences import Sequences
from models.sessions.vocabulary import Vocabulary

QUICK_SESSIONS = 24_000
CHAMPION, GROWN = 0.8, 0.9
VALIDATION = 0.05
"""Share of what is learned from, the latest sessions, that chooses the epoch."""

SETTINGS = {"dimension": 64, "negatives": 512, "backwards": False, "refit": False, "batch_size": 512}
TARGETS = (
    Target("warm_over_zero_seconds", "<=", 0.5),
    Target("warm_over_zero_recall_at_20", ">=", 0.95),
    Target("warm_gain_over_frozen_recall_at_20", ">=", 0.0),
    Target("warm_gain_over_random_recall_at_20_new", ">=", 0.0),
)


class Test:
    """The events to rank, and which of their items are new."""

    def __init__(self, sessions: Sequences, champion: Vocabulary, grown: Vocabulary) -> None:
        """Split the events by their item: known to the champion, new in the grown vocabulary, or neither."""
        self.sessions = sessions
        items = np.array([*sessions.names, ""])[np.append(sessions.codes, len(sessions.names))]
        rows = np.flatnonzero(np.arange(len(sessions.codes)) != np.repeat(sessions.offsets[:-1], sessions.lengths()))
        targets = items[rows]
        self.old = np.isin(targets, champion.items)
        self.new = np.isin(targets, grown.items) & ~self.old

    def told(self, recommender: Recommender) -> dict[str, float]:
        """Recall and MRR of a recommender, over all events and by the age of their items."""
        cases = make_prefixes(self.sessions, recommender.vocabulary, recommender.config.max_length)
        gains = ranking.gains(_rank(recommender, cases).ranks, K)
        names = ranking.names(K)[:2]
        parts = {"": np.ones(len(cases), dtype=bool), "_new": self.new, "_old": self.old}
        return {
            f"{name}{part}": float(gains[rows, place].mean())
            for part, rows in parts.items()
            for place, name in enumerate(names)
        }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the two files")
    parser.add_argument("--quick", action="store_true", help="a form of about a minute")
    parser.add_argument("--epochs", type=int, default=5, help="most epochs of a training from zero")
    parser.add_argument("--seed", type=int, default=0, help="seed of all trainings")
    arguments = parser.parse_args()
    sessions, _ = read(arguments.data, quick=False)
    if arguments.quick:
        sessions = sessions.take(np.arange(len(sessions) - QUICK_SESSIONS, len(sessions)))
    first, both = (round(len(sessions) * share) for share in (CHAMPION, GROWN))
    ends = ((0, first), (0, both), (first, both), (both, len(sessions)))
    early, late, recent, test = (sessions.take(np.arange(start, stop)) for start, stop in ends)
    full = RecommenderConfig.model_validate(CONFIG | SETTINGS | {"epochs": arguments.epochs})
    once = full.model_copy(update={"epochs": 1})
    random, keeping = (once.model_copy(update=one) for one in ({"item_start": "random"}, {"keep_unseen": True}))
    seed = arguments.seed
    figures: dict[str, float] = {}

    def learn(
        name: str, learned: Sequences, config: RecommenderConfig, champion: Recommender | None = None
    ) -> TrainedRecommender:
        cut = round(len(learned) * (1.0 - VALIDATION))
        train, validation = learned.take(np.arange(cut)), learned.take(np.arange(cut, len(learned)))
        start = time.process_time()
        trained = train_recommender(train, validation, config, seed, champion=champion)
        figures[f"{name}_seconds"] = time.process_time() - start
        losses = " ".join(f"{loss:.4f}" for loss in trained.history["val_loss"])
        print(f"{name}: validation loss {losses}. {trained.growth.told() if trained.growth else ''}", flush=True)
        return trained

    champion = learn("frozen", early, full).recommender
    made = {
        "frozen": champion,
        "warm": learn("warm", late, once, champion).recommender,
        "warm_random": learn("warm_random", late, random, champion).recommender,
        "warm_recent": learn("warm_recent", recent, keeping, champion).recommender,
        "warm_dropped": learn("warm_dropped", recent, once, champion).recommender,
        "zero": learn("zero", late, full).recommender,
    }
    cases = Test(test, champion.vocabulary, made["zero"].vocabulary)
    figures |= {"targets": len(cases.old), "targets_new": int(cases.new.sum()), "targets_old": int(cases.old.sum())}
    for name, recommender in made.items():
        figures |= {f"{name}_{metric}": value for metric, value in cases.told(recommender).items()}
    figures |= _compared(figures)
    figures["peak_rss_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for figure, value in figures.items():
        print(f"{figure:45s} {value:12.4f}")
    finish("growth", figures, () if arguments.quick else TARGETS)


def _rank(recommender: Recommender, cases: Prefixes) -> ranking.Ranking:
    return ranking.rank_all(
        lambda start, stop: recommender.scores(cases.inputs[start:stop]),
        cases.targets - 1,
        len(recommender.vocabulary),
        K,
    )


def _compared(figures: dict[str, float]) -> dict[str, float]:
    return {
        "warm_over_zero_seconds": figures["warm_seconds"] / figures["zero_seconds"],
        "warm_over_zero_recall_at_20": figures["warm_recall_at_20"] / figures["zero_recall_at_20"],
        "warm_gain_over_frozen_recall_at_20": figures["warm_recall_at_20"] - figures["frozen_recall_at_20"],
        "warm_gain_over_random_recall_at_20_new": (
            figures["warm_recall_at_20_new"] - figures["warm_random_recall_at_20_new"]
        ),
    }


if __name__ == "__main__":
    main()
