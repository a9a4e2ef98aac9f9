"""Do the changes that are offered for a cart turn the prediction, and would they really help? On the demo shop.

    python -m benchmarks.counterfactuals [--workdir FOLDER] [--quick]

Reads a finished run of the demo shop, or makes one in a temporary folder, tracked there too. Of a seeded sample of
test carts: for how many a change is offered; how many predictions it turns, asked of the saved model anew; and how
many true probabilities of abandonment go the same way, by the simulator's own formula.

The simulator knows two of the quantities that change: the cart's value (through the shipping fee and what it is free
from) and its prices relative to the category. A discount moves both, and the mean and the highest price, which have no
effect of their own there. "All else as it is" holds there too: a value that is raised costs nobody a second thought,
and what a shop would have to do to raise it is outside the simulation. `--quick` makes a run without tuning, and takes
fewer carts.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.demo_truth import run_pipeline
from benchmarks.harness import Target, finish
from data.demo import truth
from data.examples import Examples, read_examples
from data.features.catalogue import PRICES
from explain.attributing.attribution import probabilities
from explain.attributing.sampling import drawn_rows
from explain.cart.counterfactuals import Counterfactual, changed, counterfactual
from explain.cart.levers import levers_of
from explain.cart.story import threshold_of
from explain.quality.planted import known_truth
from models.abandonment import predict
from models.artifacts import load_model

CARTS, FEW = 400, 120
TARGETS = (Target("turned", ">=", 0.95), Target("true_risk_falls", ">=", 0.8))


def true_probabilities(known: pd.Series, cart: pd.Series, found: Counterfactual) -> tuple[float, float]:
    """True probability of abandonment of a cart as it is and with the changes."""
    before = pd.DataFrame({name: [float(known[f"value_{name}"])] for name in truth.NAMES})
    after = before.copy()
    if "cart_value" in found.values:
        after["shipping"] *= float(found.values["cart_value"]) / float(cart["cart_value"])
    prices = [name for name in PRICES if name in found.levers]
    if prices:
        after["price"] *= float(found.values[prices[0]]) / float(cart[prices[0]])
    return float(truth.p_abandon(before).iloc[0]), float(truth.p_abandon(after).iloc[0])


def measure(workdir: Path, carts: int) -> dict[str, float]:
    """The figures of one finished run."""
    train, test = (read_examples(workdir / "split", side) for side in ("train", "test"))
    model, levers = load_model(workdir / "train" / "abandonment.keras"), levers_of(train)
    threshold = threshold_of(float(json.loads((workdir / "train" / "threshold.json").read_text())["value"])).value
    known = known_truth(pd.read_parquet(workdir / "ingest" / "demo" / "truth.parquet"), test.keys)
    risks, score = predict(model, test), probabilities(model)
    figures = {"threshold": threshold, "at_risk_share": float((risks >= threshold).mean())}
    for name, side in (("", risks >= threshold), ("safe_", risks < threshold)):
        rows = np.flatnonzero(side)
        rows = rows[drawn_rows(len(rows), carts, 0)]
        found = [counterfactual(test.take(np.array([row])), levers, score, threshold) for row in rows]
        offered = [(int(row), one) for row, one in zip(rows, found, strict=True) if one is not None]
        figures[f"{name}carts"] = float(len(rows))
        figures[f"{name}offered"] = len(offered) / max(len(rows), 1)
        figures |= {f"{name}{key}": value for key, value in _quality(model, test, known, offered, threshold).items()}
    return figures


def _quality(
    model: object, test: Examples, known: pd.DataFrame, offered: list[tuple[int, Counterfactual]], threshold: float
) -> dict[str, float]:
    if not offered:
        return {}
    before = predict(model, test.take(np.array([row for row, _ in offered])))
    after = [predict(model, changed(test.take(np.array([row])), [one.values]))[0] for row, one in offered]
    real = np.array([true_probabilities(known.iloc[row], test.features.iloc[row], one) for row, one in offered])
    prices = [any(name in PRICES for name in one.levers) for _, one in offered]
    falls = real[:, 1] < real[:, 0]
    return {
        "turned": float(np.mean((before >= threshold) != (np.array(after) >= threshold))),
        "true_risk_falls": float(falls.mean()),
        "predicted_change": float(np.mean(np.array(after) - before)),
        "true_change": float(np.mean(real[:, 1] - real[:, 0])),
        "changes_of_one_lever": float(np.mean([len(one.levers) == 1 for _, one in offered])),
        "with_a_discount": float(np.mean(prices)),
        **{f"true_risk_falls_{name}": float(falls[rows].mean()) for name, rows in (
            ("with_a_discount", np.array(prices)), ("without", ~np.array(prices)),
        ) if rows.any()},
    }  # fmt: skip


def main() -> None:
    """Print every figure, and keep the targets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workdir", type=Path, help="finished run of the demo shop")
    parser.add_argument("--quick", action="store_true", help="fewer carts; a run without tuning")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        workdir = arguments.workdir or run_pipeline(Path(scratch), arguments.quick)
        figures = measure(workdir, FEW if arguments.quick else CARTS)
    for name, value in figures.items():
        print(f"{name}: {value:.4g}")
    finish("counterfactuals", figures, TARGETS)


if __name__ == "__main__":
    main()
