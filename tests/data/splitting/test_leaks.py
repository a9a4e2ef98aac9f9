from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.config import SourceConfig, SplitConfig
from data.examples import Examples, from_frame, read_examples
from data.feature import Feature
from data.splitting.leaks import feature_auc, leak_guard, lower_bound
from data.table.feature_table import split_feature_table


def examples(rows: int, seed: int = 0, **columns: Any) -> Examples:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"session_id": "s", "visitor_id": "v", "decision_point": 0, "ts": pd.NaT, "abandoned": 0}, range(rows)
    )
    frame["abandoned"] = random.integers(0, 2, rows)
    for name, column in columns.items():
        frame[name] = column(frame["abandoned"], random)
    specs = tuple(
        Feature(name, name.title(), "table", kind="categorical" if name == "word" else "numeric") for name in columns
    )
    return from_frame(frame, specs)


def both(rows: int = 600, **columns: Any) -> tuple[Examples, Examples]:
    return examples(rows, 0, **columns), examples(rows, 1, **columns)


def test_it_names_the_label_in_any_guise_and_nothing_else() -> None:
    train, validation = both(
        noise=lambda y, random: random.normal(size=len(y)),
        weak=lambda y, random: y + 2 * random.normal(size=len(y)),
        copy=lambda y, random: y + 0.3 * random.normal(size=len(y)),
        missing=lambda y, random: np.where(y == 1, np.nan, random.normal(size=len(y))),
        range=lambda y, random: np.where(y == 1, random.uniform(-1, 1, len(y)), random.choice([-3.0, 3.0], len(y))),
        word=lambda y, _: y.map({1: "left", 0: None}),
    )
    named = {leak["feature"]: leak for leak in leak_guard(train, validation, SplitConfig())}
    assert set(named) == {"copy", "missing", "range", "word"}
    assert named["copy"]["title"] == "Copy"
    assert named["missing"]["auc"] == 1


def test_a_category_unseen_in_training_tells_nothing() -> None:
    train = examples(300, 0, word=lambda y, random: random.choice(["a", "b"], len(y)))
    validation = examples(300, 1, word=lambda y, _: np.where(y == 1, "new", "newer"))
    assert feature_auc(train, validation, train.specs[0]) == 0.5


def test_few_examples_raise_no_alarm_and_many_do() -> None:
    assert lower_bound(1.0, 5, 5) < 0.8 < lower_bound(1.0, 20, 20)
    assert lower_bound(0.85, 20, 20) < 0.8 < lower_bound(0.85, 1000, 1000)


@pytest.mark.parametrize(
    ("path", "fields", "expected"),
    [
        (
            "uci/online_shoppers_intention.csv",
            {"label": "Revenue", "abandoned": False, "categorical": ("Month", "VisitorType")},
            {"PageValues"},
        ),
        (
            "retailrocket_cart_sessions/completed_session_features_LEAKY.csv",
            {"label": "has_transaction", "abandoned": 0, "group": "visitorid"},
            {"transaction_count", "recency_last_cart_seconds"},
        ),
        (
            "retailrocket_cart_sessions/prefix_dataset.parquet",
            {"label": "y", "abandoned": 0, "group": "visitorid", "decision_point": "cutoff_k"},
            set(),
        ),
    ],
)
def test_it_names_the_known_leaks_of_real_tables(
    retail_data: Path, tmp_path: Path, path: str, fields: dict[str, Any], expected: set[str]
) -> None:
    split_feature_table(SourceConfig(kind="features", **fields), retail_data / path, SplitConfig(), tmp_path)
    leaks = leak_guard(read_examples(tmp_path, "train"), read_examples(tmp_path, "validation"), SplitConfig())
    assert {leak["feature"] for leak in leaks} == expected
