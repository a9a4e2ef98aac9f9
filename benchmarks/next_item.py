"""The next-item recommender beside popularity and Markov on one split.

    python -m benchmarks.next_item [--data FOLDER] [--quick] [--seed N]

FOLDER holds `train_sequences.jsonl` (one list of item ids a line, in order of time) and `test_prefix_target.jsonl`
(objects with `prefix` and `target`). The last 7% of the training sessions stop training early; the test prefixes are
ranked once, over the full catalogue, ties counted against the model. `--quick` learns from the latest 12,000 sessions.
"""

import argparse
import json
import resource
import time
from pathlib import Path

import numpy as np

from benchmarks.harness import Target, finish
from models import ranking
from models.config import RecommenderConfig
from models.recommender_baselines import Markov, Popularity
from models.recommender_cases import make_prefixes, make_windows
from models.recommender_training import TrainedRecommender, train_recommender
from models.sequences import Sequences, from_lists

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "retailrocket_clickseq"
QUICK_SESSIONS, QUICK_TESTS = 12_000, 3_000
VALIDATION = 0.07
K = 20
TARGETS = (
    Target("recall_at_20_gain_over_popularity_low", ">=", 0.0),
    Target("recall_at_20_gain_over_markov_low", ">=", 0.0),
)


def read(folder: Path, quick: bool) -> tuple[Sequences, Sequences]:
    """Training sessions, and test sessions whose last item is the target."""
    with (folder / "train_sequences.jsonl").open() as file:
        train = [[str(item) for item in json.loads(line)] for line in file]
    with (folder / "test_prefix_target.jsonl").open() as file:
        rows = [json.loads(line) for line in file]
    test = [[str(item) for item in [*row["prefix"], row["target"]]] for row in rows]
    return from_lists(train[-QUICK_SESSIONS:] if quick else train), from_lists(test[:QUICK_TESTS] if quick else test)


def measure(trained: TrainedRecommender, train: Sequences, test: Sequences) -> dict[str, float]:
    """Metrics of the model and the baselines on the last prefix of every test session."""
    recommender, vocabulary = trained.recommender, trained.recommender.vocabulary
    cases = make_prefixes(test, vocabulary, recommender.config.max_length)
    last = np.flatnonzero(np.append(np.diff(cases.sessions) > 0, True))
    inputs, targets, repeats = cases.inputs[last], cases.targets[last] - 1, cases.repeats[last]
    figures: dict[str, float] = {"test_prefixes": len(last), "items": len(vocabulary)}
    gains: dict[str, ranking.Floats] = {}
    scorers = {"model": recommender, "markov": Markov(train, vocabulary), "popularity": Popularity(vocabulary)}
    for name, scorer in scorers.items():
        found = ranking.rank_all(
            lambda start, stop, scorer=scorer: scorer.scores(inputs[start:stop]),  # type: ignore[misc]
            targets,
            len(vocabulary),
            K,
        )
        gains[name] = ranking.gains(found.ranks, K)
        figures |= {f"{name}_{metric}": value for metric, value in ranking.metrics(found, K).items()}
        figures[f"{name}_recall_at_20_repeats"] = float(gains[name][repeats, 0].mean())
        figures[f"{name}_recall_at_20_new"] = float(gains[name][~repeats, 0].mean())
    for name in ("markov", "popularity"):
        ends = ranking.bootstrap_intervals(gains["model"] - gains[name], np.arange(len(last)), 1_000, seed=0)
        for metric, (low, high) in zip(ranking.names(K), ends, strict=True):
            figures |= {f"{metric}_gain_over_{name}_low": low, f"{metric}_gain_over_{name}_high": high}
    return figures


def speed(trained: TrainedRecommender, test: Sequences) -> dict[str, float]:
    """Latency of one session's list in ms, and sessions a second in batches, top-k index included."""
    sessions = [test.session(row) for row in range(min(len(test), 2_048))]
    for _ in range(3):
        trained.recommender.recommend(sessions[:1])
        trained.recommender.recommend(sessions[:1_024])
    single = []
    for session in sessions[:200]:
        start = time.perf_counter()
        trained.recommender.recommend([session])
        single.append(1_000 * (time.perf_counter() - start))
    start = time.perf_counter()
    trained.recommender.recommend(sessions)
    rate = len(sessions) / (time.perf_counter() - start)
    median, high = np.percentile(single, [50, 99])
    return {"one_session_median_ms": float(median), "one_session_p99_ms": float(high), "sessions_per_second": rate}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the two files")
    parser.add_argument("--quick", action="store_true", help="a form of about a minute")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--config", type=json.loads, default={}, help="RecommenderConfig as JSON")
    arguments = parser.parse_args()
    everything, test = read(arguments.data, arguments.quick)
    cut = round(len(everything) * (1.0 - VALIDATION))
    train, validation = everything.take(np.arange(cut)), everything.take(np.arange(cut, len(everything)))
    # The split's protocol ranks every item of the training sessions.
    config = RecommenderConfig.model_validate({"min_item_count": 1, "epochs": 12} | arguments.config)
    start = time.perf_counter()
    trained = train_recommender(train, validation, config, arguments.seed)
    seconds = time.perf_counter() - start
    epochs = len(trained.history["loss"])
    targets = len(make_windows(train, trained.recommender.vocabulary, config.max_length).targets())
    figures = {"train_seconds": seconds, "epochs": epochs, "targets_per_second": epochs * targets / seconds}
    figures |= measure(trained, train, test) | speed(trained, test)
    figures["peak_rss_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for name, value in figures.items():
        print(f"{name:45s} {value:12.4f}")
    finish("next_item", figures, TARGETS)


if __name__ == "__main__":
    main()
