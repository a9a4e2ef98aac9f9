"""Abandonment on the RetailRocket cart table: the network beside logistic regression and the best gradient boosting.

    python -m benchmarks.retailrocket_carts [--data FILE] [--quick]

70/10/20 by a hash of the visitor, the configured defaults, the network once per seed. "Best gradient boosting" is the
best of the project's own baseline and a small grid, chosen on the validation examples as the epoch is. `--quick`
runs one seed.
"""

import argparse
import tempfile
import time
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.harness import Target, finish
from data.config import SourceConfig, SplitConfig
from data.examples import Examples, read_examples
from data.table.feature_table import split_feature_table
from models.abandonment import predict
from models.baselines import baseline_scores
from models.config import AbandonmentConfig
from models.training import train_abandonment

DATA = Path("../shared/data/retailrocket_cart_sessions/prefix_dataset.parquet")
SEEDS = (0, 1, 2)
LEAVES, RATES, PENALTIES = (6, 15), (0.05, 0.1), (1.0, 10.0)
TARGETS = (
    Target("model_auc", ">=", 0.629),
    Target("auc_over_best_gradient_boosting", ">=", -0.003),
)

Floats = npt.NDArray[np.float64]


def load(path: Path, folder: Path) -> tuple[Examples, Examples, Examples]:
    """Training, validation and test examples, through the same door as `run --preset features`."""
    source = SourceConfig(
        kind="features", path=path, label="y", abandoned=0, group="visitorid", decision_point="cutoff_k"
    )
    split_feature_table(source, path, SplitConfig(by="group"), folder)
    train, validation, test = (read_examples(folder, side) for side in ("train", "validation", "test"))
    return train, validation, test


def tuned_gradient_boosting(train: Examples, validation: Examples, test: Examples) -> Floats:
    """The best of a grid on the validation examples, each stopped early on them. Nothing in it is random."""
    best, scores = -np.inf, np.zeros(len(test))
    for leaves, rate, penalty in product(LEAVES, RATES, PENALTIES):
        model = HistGradientBoostingClassifier(
            max_leaf_nodes=leaves,
            learning_rate=rate,
            l2_regularization=penalty,
            max_iter=600,
            early_stopping=True,
            n_iter_no_change=20,
            random_state=0,
        )
        model.fit(train.features, train.abandoned, X_val=validation.features, y_val=validation.abandoned)
        reached = roc_auc_score(validation.abandoned, model.predict_proba(validation.features)[:, 1])
        if reached > best:
            best, scores = reached, model.predict_proba(test.features)[:, 1]
    return scores


def _figures(test: Examples, scores: Floats) -> tuple[float, float]:
    """AUC, and average precision of the table's own label, purchase, which is the one others report."""
    purchase = average_precision_score(1 - test.abandoned, 1 - scores)
    return float(roc_auc_score(test.abandoned, scores)), float(purchase)


def _line(what: str, name: str, auc: float, purchase: float) -> str:
    return f"{what:<7} {name:<24} AUC {auc:.4f}  AP of purchase {purchase:.4f}"


def main() -> None:
    """Train, print a line per model and seed, compare the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        train, validation, test = load(arguments.data, Path(folder))
    print(f"{len(train):,} training, {len(validation):,} validation, {len(test):,} test examples")
    results: dict[str, list[tuple[float, float]]] = {}
    seconds = []
    rivals = baseline_scores(train, validation, test, ("logistic_regression", "gradient_boosting"), 0)
    rivals["tuned_gradient_boosting"] = tuned_gradient_boosting(train, validation, test)
    for name, one in rivals.items():
        results[name] = [_figures(test, one)]
        print(_line("", name, *results[name][0]))
    for seed in SEEDS[:1] if arguments.quick else SEEDS:
        start = time.perf_counter()
        trained = train_abandonment(train, validation, AbandonmentConfig(), seed)
        seconds.append(time.perf_counter() - start)
        results.setdefault("model", []).append(_figures(test, predict(trained.model, test)))
        print(_line(f"seed {seed}", "model", *results["model"][-1]))
    means = {name: np.mean(values, axis=0) for name, values in results.items()}
    print(_line("mean", "model", *means["model"]))
    best = max(means["gradient_boosting"][0], means["tuned_gradient_boosting"][0])
    figures = {f"{name}_auc": float(values[0]) for name, values in means.items()}
    figures |= {f"{name}_purchase_ap": float(values[1]) for name, values in means.items()}
    figures |= {
        "auc_over_best_gradient_boosting": float(means["model"][0] - best),
        "model_seconds": float(np.mean(seconds)),
    }
    finish("retailrocket_carts", figures, TARGETS)


if __name__ == "__main__":
    main()
