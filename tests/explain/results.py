"""Results of all stages for a small shop whose every name tries to run a script."""

from dataclasses import replace
from functools import cache
from typing import Any

import keras
import numpy as np

from data.examples import Examples
from explain.attributing.examples import explain_examples
from explain.attributing.explanations import Explanations
from explain.config import ExplainConfig, QualityConfig
from explain.quality.measure import measure
from explain.quality.measures import Material
from explain.report.data import ReportData, RunData
from explain.whole.compute import Sides, explain_whole
from explain.whole.results import Whole
from models.config import CostConfig, EvaluateConfig
from models.encoder import fit_encoder
from models.evaluation import evaluate_abandonment
from tests.explain.shop import carts, linear

EVIL = ("<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "{{ 7 * 7 }}</style>", "'; ]]>--><b>")
GRADIENTS = {
    f"{metric}/{layer}": [0.1, 0.2]
    for metric in ("gradient_norm", "gradient_peak", "update_ratio", "dead")
    for layer in ("dense_0", EVIL[0])
}
QUALITY = QualityConfig(carts=30, random_orders=1, subsets=10, nudged_carts=5, backgrounds=2)
CONFIG = ExplainConfig(
    background=20, max_rows=150, permutation_repeats=4, permutation_rows=200, shape_features=4, shape_rows=60,
    shape_points=6, interaction_rows=20, stand_in_rows=200, ablation_rows=60, ablation_background=4,
    interaction_floor=0.0, quality=QUALITY,
)  # fmt: skip


def evil(examples: Examples) -> Examples:
    """The same examples with names that a page must escape."""
    titles = dict(zip(("cart_value", "device", "n_views", "unused"), EVIL, strict=True))
    specs = tuple(
        replace(spec, title=titles.get(spec.name, spec.title), description=EVIL[1]) for spec in examples.specs
    )
    features = examples.features.assign(device=examples.features["device"].replace({"phone": EVIL[0]}))
    keys = examples.keys.assign(session_id=examples.keys["session_id"] + EVIL[0])
    return Examples(keys, features, examples.abandoned, specs)


@cache
def explained() -> tuple[Examples, Explanations]:
    """Test examples and their explanations by a linear model."""
    sides, model = shop()
    return sides.test, explain_examples(model, sides.train, sides.test, CONFIG, seed=0)


@cache
def whole() -> Whole:
    """What is said of that model as a whole."""
    sides, model = shop()
    return explain_whole(model, sides, explained()[1], 0.5, CONFIG, seed=0)


@cache
def quality() -> dict[str, Any]:
    """How good these explanations are."""
    (test, found), (sides, model) = explained(), shop()
    return measure(Material(
        model=model, train=sides.train, explained=test.take(found.rows), explanations=found, config=CONFIG, seed=0,
        twin=model,
    )).table  # fmt: skip


@cache
def shop() -> tuple[Sides, keras.Model]:
    """Examples, and a linear model of them."""
    sides = Sides(*(evil(carts(300, seed=seed)) for seed in (0, 2, 1)))
    coefficients = np.linspace(0.01, 0.02, fit_encoder(sides.train, 0).output_shape[1])
    coefficients[2] = 0.0  # "unused"
    return sides, linear(sides.train, coefficients)


def report_data(few: int = 300, **changes: Any) -> ReportData:
    """Everything a report can show; `few` is how many test examples the metrics are of."""
    test, explanations = explained()
    metrics, curves = _evaluated(test.take(np.arange(few)))
    everything = ReportData(
        examples=test.take(explanations.rows),
        explanations=explanations,
        explanation_quality=quality(),
        whole=whole(),
        metrics={"abandonment": metrics, "recommender": RECOMMENDER},
        curves=curves,
        split=SPLIT,
        title=EVIL[0],
        source=EVIL[1],
        ingest=INGEST,
        sessionize={"sessions": 900, "cart_sessions": 400, "notes": [EVIL[2]]},
        featurize={"examples": 700, "censored_sessions": 3, "notes": []},
        leaks=[{"feature": EVIL[3], "title": EVIL[0], "auc": 0.97}],
        trials=[{"trial": EVIL[0], "values": {"units": [8], EVIL[1]: EVIL[2]}, "metrics": {"val_auc": 0.7}, "epochs": 2,
                 "seconds": 1.0, "status": "completed", "error": None}],
        best={"units": [8, 4], "optimizer": {"name": EVIL[0]}},
        history={"abandonment": {"loss": [0.7, 0.6], "val_loss": [0.7, 0.65], **GRADIENTS},
                 "recommender": {"skipped": EVIL[0]}},
        gradients=[f"The gradient vanishes in `{EVIL[0]}`. Try `abandonment.residual=true`."],
        notes=[EVIL[3]],
    )  # fmt: skip
    return replace(everything, **changes)


def run_data(**changes: Any) -> RunData:
    """Everything the report of a recommender alone can show."""
    sides = {"sessions": 150, "usable": 120, "from": "2024-05-01T00:00:00", "to": EVIL[0]}
    whole = RunData(
        metrics={"abandonment": {"skipped": "switched off by `abandonment.enabled`"}, "recommender": RECOMMENDER},
        split=SPLIT | {"counts": dict.fromkeys(("train", "validation", "test"), sides)},
        title=EVIL[0],
        source=EVIL[1],
        ingest=INGEST,
        sessionize={"sessions": 900, "cart_sessions": 0, "notes": [EVIL[2]]},
        featurize={"sessions": 900, "events": 990, "notes": []},
        history={"abandonment": {"skipped": EVIL[0]}, "recommender": {"loss": [3.0, 2.0], "val_loss": [3.0, 2.5]}},
        notes=[EVIL[3]],
    )
    return replace(whole, **changes)


def _evaluated(test: Examples) -> tuple[dict[str, Any], dict[str, Any]]:
    value = test.features["cart_value"].fillna(80.0).to_numpy(dtype=np.float64)
    model = 1 / (1 + np.exp(1.5 - 0.02 * value))
    scores = {"model": model, "logistic_regression": np.clip(1 - model, 0, 1), EVIL[0]: np.full(len(test), 0.5)}
    return evaluate_abandonment(test, scores, EvaluateConfig(bootstrap=20, few=100), CostConfig(), 0.5, 0)


RECOMMENDER = {
    "test": {"recall_at_20": 0.2, "mrr_at_20": 0.1, "ndcg_at_20": 0.15, "coverage_at_20": 0.4},
    "test_intervals": {"recall_at_20": [0.18, 0.22]},
    "baselines": {EVIL[0]: {"recall_at_20": 0.1, "mrr_at_20": 0.05, "ndcg_at_20": 0.07, "coverage_at_20": 0.01}},
    "differences": {EVIL[0]: {"recall_at_20": [0.1, 0.05, 0.15]}},
    "by_k": {
        who: {f"{name}_at_{k}": k / 100 + place / 1000 for k in (5, 20)
              for place, name in enumerate(("recall", "mrr", "ndcg", "coverage", "gini", "novelty"))}
        for who in ("model", EVIL[0])
    },
    "slices": [{
        "title": EVIL[1], "slice": EVIL[2], "n": 60, "test": {"recall_at_20": 0.3, "mrr_at_20": 0.11},
        "test_intervals": {"recall_at_20": [0.28, 0.32], "mrr_at_20": [0.1, 0.12]},
        "baselines": {EVIL[0]: {"recall_at_20": 0.123}},
    }],
    "counts": {"prefixes": 100, "items": 50, "sessions": 40, "repeats": 30, "unknown_targets": 5},
    "sample_of": {"prefixes": 1234, "sessions": 500},
}  # fmt: skip
_SIDE = {"examples": 300, "sessions": 150, "abandoned_share": 0.6, "from": "2024-05-01T00:00:00", "to": EVIL[0]}
SPLIT = {"by": "time", "counts": dict.fromkeys(("train", "validation", "test"), _SIDE), "dropped_sessions": 2,
         "notes": [EVIL[1]]}  # fmt: skip
INGEST = {
    "rows": 1000, "accepted": 990, "bad": 10, "bad_share": 0.01, "duplicates_dropped": 0, "visitors": 10, "items": 5,
    "reasons": {EVIL[0]: {"count": 10, "examples": [{"row": 3, "value": EVIL[1]}]}}, "events": {EVIL[2]: 5, "cart": 2},
    "first_ts": "2024-05-01T00:00:00", "last_ts": "2024-05-28T00:00:00", "notes": [EVIL[3]],
}  # fmt: skip
