"""Abandonment on UCI's Online Shoppers table, with and without `PageValues`, which nearly gives the label away.

    python -m benchmarks.uci [--data FILE] [--quick]

Five stratified folds; an eighth of each training side stops training early and calibrates. The project's own baselines
on the same rows. `--quick` runs two of the five folds.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from benchmarks.harness import Target, finish
from data.config import SourceConfig
from data.examples import Examples, from_frame
from data.table.feature_table import feature_table
from models.abandonment import predict
from models.baselines import baseline_scores
from models.config import AbandonmentConfig
from models.training import train_abandonment

DATA = Path("../shared/data/uci/online_shoppers_intention.csv")
CATEGORICAL = ("Month", "VisitorType", "OperatingSystems", "Browser", "Region", "TrafficType")
BASELINES = ("logistic_regression", "gradient_boosting")
FOLDS = 5
TARGETS = (Target("model_auc", ">=", 0.925),)


def load(path: Path, exclude: tuple[str, ...]) -> Examples:
    """All sessions, as the `uci` preset reads them."""
    source = SourceConfig(
        kind="features", path=path, label="Revenue", abandoned=False, categorical=CATEGORICAL, exclude=exclude
    )
    frame, specs, _ = feature_table(source, pd.read_csv(path))
    return from_frame(frame, specs)


def cross_validate(examples: Examples, folds: int) -> dict[str, float]:
    """Mean test AUC of the network and each baseline over the first `folds` of five folds."""
    reached: dict[str, list[float]] = {}
    splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    splits = list(splitter.split(np.zeros(len(examples)), examples.abandoned))[:folds]
    for seed, (rest, tested) in enumerate(splits):
        shuffled = np.random.default_rng(seed).permutation(rest)
        held = len(rest) // 8
        train, validation = (examples.take(np.sort(rows)) for rows in (shuffled[held:], shuffled[:held]))
        test = examples.take(tested)
        trained = train_abandonment(train, validation, AbandonmentConfig(), seed)
        scores = {"model": predict(trained.model, test)}
        scores |= baseline_scores(train, validation, test, BASELINES, seed)
        for name, one in scores.items():
            reached.setdefault(name, []).append(float(roc_auc_score(test.abandoned, one)))
    return {name: float(np.mean(values)) for name, values in reached.items()}


def main() -> None:
    """Cross-validate on all features and without `PageValues`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    figures: dict[str, float] = {}
    for suffix, exclude in (("", ()), ("_without_pagevalues", ("PageValues",))):
        for name, auc in cross_validate(load(arguments.data, exclude), 2 if arguments.quick else FOLDS).items():
            figures[f"{name}_auc{suffix}"] = auc
            print(f"{name:<20} AUC {auc:.4f}{'  without PageValues' if suffix else ''}")
    finish("uci", figures, TARGETS)


if __name__ == "__main__":
    main()
