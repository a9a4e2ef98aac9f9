"""Speed and truth of the SHAP values beside SHAP's PermutationExplainer, on one network in one process.

    python -m benchmarks.explain [--quick]

A network of the default shape, trained for a few epochs on 25 made-up features, explains 10,000 carts against 100
background carts. The PermutationExplainer (no knowledge of the network, SHAP's default effort of 10 permutations) has
the same background and the same compiled network, on fewer carts, as many as the rank correlation needs. `--quick`
explains 2,000 carts.
"""

import argparse
import time

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd

import models  # noqa: F401  (sets a flag before SHAP imports TensorFlow)
from benchmarks.harness import Target, finish
from data.examples import Examples
from data.feature import Feature
from explain.attributing.adapter import DeepShap
from explain.attributing.attribution import feature_values, parts_of
from explain.quality.agreement import cart_spearman, feature_spearman
from models.abandonment import build_abandonment, core, encode
from models.config import AbandonmentConfig

FEATURES, BACKGROUND, TRAINING = 25, 100, 8_000
TARGETS = (
    Target("seconds", "<=", 20),
    Target("additivity_error", "<=", 1e-5),
    Target("times_the_rows_a_second", ">=", 50),
    Target("cart_spearman", ">=", 0.95),
)


def carts(rows: int, seed: int) -> Examples:
    """Carts whose log-odds are a smooth function of 25 features with products of neighbours."""
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(rows, FEATURES)).astype(np.float32)
    weights = np.linspace(1.0, 0.1, FEATURES)
    log_odds = np.tanh(values) @ weights + 0.5 * (values[:, :-1] * values[:, 1:]) @ weights[1:]
    specs = tuple(Feature(f"f{f}", f"Feature {f}", "table") for f in range(FEATURES))
    keys = pd.DataFrame(index=range(rows), columns=["session_id", "visitor_id", "decision_point", "ts"])
    labels = (generator.random(rows) < 1 / (1 + np.exp(-log_odds))).astype(np.int8)
    return Examples(keys, pd.DataFrame(values, columns=[spec.name for spec in specs]), labels, specs)


def network(train: Examples) -> keras.Model:
    """The default network on bare values: 25 columns, so that both methods explain the same 25 inputs."""
    keras.utils.set_random_seed(0)
    model = build_abandonment(train, AbandonmentConfig(intervals=0))
    body = core(model)
    body.compile(optimizer=keras.optimizers.Adam(0.003), loss="binary_crossentropy")
    body.fit(encode(model, train), train.abandoned, epochs=5, batch_size=256, verbose=0)
    return model


def permutation_values(
    deep: DeepShap, background: npt.NDArray[np.float32], rows: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    """SHAP values (n, 25) by the PermutationExplainer through the compiled network."""
    import shap

    explainer = shap.PermutationExplainer(
        lambda x: deep.outputs(x.astype(np.float32)), shap.maskers.Independent(background, len(background)), seed=0
    )
    return np.asarray(explainer(rows, max_evals=10 * (2 * FEATURES + 1), silent=True).values, dtype=np.float64)


def main() -> None:
    """Time both, compare, and keep the targets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="2,000 carts")
    count, few = (2_000, 50) if parser.parse_args().quick else (10_000, 200)
    train, test = carts(TRAINING, 0), carts(count, 1)
    model = network(train)
    parts = parts_of(model, test.specs)
    background, rows = encode(model, train)[:BACKGROUND], encode(model, test)
    deep = DeepShap(parts.log_odds, background)
    deep.outputs(rows[:few])

    began = time.perf_counter()
    ours = feature_values(deep, rows, parts.columns)  # with tracing its graph
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    theirs = permutation_values(deep, background, rows[:few])
    slow = time.perf_counter() - began

    figures = {
        "carts": float(count),
        "seconds": seconds,
        "carts_a_second": count / seconds,
        "permutation_carts_a_second": few / slow,
        "times_the_rows_a_second": count / seconds / (few / slow),
        "additivity_error": float(np.abs(deep.base + ours.sum(axis=1) - deep.outputs(rows)).max()),
        "cart_spearman": float(np.nanmean(cart_spearman(ours[:few], theirs))),
        "feature_spearman": feature_spearman(ours[:few], theirs),
    }
    for name, value in figures.items():
        print(f"{name}: {value:.4g}")
    finish("explain", figures, TARGETS)


if __name__ == "__main__":
    main()
