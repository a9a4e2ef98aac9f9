"""The recommender's baselines beside what is published for them on the same split.

    python -m benchmarks.session_baselines [--data FOLDER] [--quick]

FOLDER is that of `benchmarks.next_item`. All training sessions are counted; the full catalogue is ranked for the last
item of every test session, ties counted against the baseline. `--quick` counts the latest 12,000 sessions and has no
targets of quality.
"""

import argparse
import resource
import time
from pathlib import Path

import numpy as np

from benchmarks.harness import Target, finish
from benchmarks.next_item import DATA, read
from benchmarks.next_item_cases import K
from models.recommending import ranking
from models.recommending.cases import make_prefixes
from models.recommending.evaluation import BASELINES
from models.sessions.vocabulary import build_vocabulary

LENGTH = 20
PUBLISHED = {
    "session_popularity": (0.3896, 0.2622),
    "markov": (0.3551, 0.1792),
    "vsknn": (0.5356, 0.2653),
    "vstan": (0.5745, 0.2858),
}
"""Recall@20 and MRR@20."""

WITHIN, SPEED = 0.01, 500.0


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the two files")
    parser.add_argument("--quick", action="store_true", help="a form of about a minute")
    arguments = parser.parse_args()
    train, test = read(arguments.data, arguments.quick)
    vocabulary = build_vocabulary(train)
    cases = make_prefixes(test, vocabulary, LENGTH)
    last = np.flatnonzero(np.append(np.diff(cases.sessions) > 0, True))
    inputs, targets = cases.inputs[last], cases.targets[last] - 1
    figures: dict[str, float] = {"test_prefixes": len(last), "items": len(vocabulary)}
    for name, make in BASELINES.items():
        scorer = make(train, vocabulary)
        start = time.perf_counter()
        found = ranking.rank_all(
            lambda first, stop, scorer=scorer: scorer.scores(inputs[first:stop]),  # type: ignore[misc]
            targets,
            len(vocabulary),
            K,
        )
        figures[f"{name}_prefixes_per_second"] = len(last) / (time.perf_counter() - start)
        told = ranking.metrics(found, K)
        shown = found.exposure[K]
        told |= {"gini_at_20": ranking.gini(shown), "novelty_at_20": ranking.novelty(shown, vocabulary.counts)}
        figures |= {f"{name}_{metric}": value for metric, value in told.items()}
    figures["peak_rss_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for figure, value in figures.items():
        print(f"{figure:45s} {value:12.4f}")
    bounds = [Target(f"{name}_prefixes_per_second", ">=", SPEED) for name in ("vsknn", "vstan")]
    if not arguments.quick:
        for name, values in PUBLISHED.items():
            for metric, value in zip(ranking.names(K), values, strict=False):
                bounds.append(Target(f"{name}_{metric}", ">=", value - WITHIN))
    finish("session_baselines", figures, tuple(bounds))


if __name__ == "__main__":
    main()
