import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from data.demo import truth
from data.errors import InputError
from explain.quality.planted import compare_causes, known_truth, planted_spearman
from tests.explain.quality.linear import shuffled


def shop(rows: int = 80) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A truth table with effects of growing strength, and explanations that tell exactly these."""
    chance = np.random.default_rng(0)
    strengths = np.arange(1, 1 + len(truth.NAMES)) / 4
    effects = pd.DataFrame(chance.normal(size=(rows, len(strengths))) * strengths, columns=list(truth.NAMES))
    moments = pd.Timestamp("2024-05-01") + pd.to_timedelta(np.arange(rows), unit="min")
    known = effects.assign(visitor_id=[f"v{row}" for row in range(rows)], ts=moments.astype("datetime64[us]"))
    told = {f"attribution_{cause.features[0]}": effects[cause.name] - effects[cause.name].mean()
            for cause in truth.CAUSES}  # fmt: skip
    nothing = {f"attribution_{features[0]}": 0.0 for features in truth.DECOYS.values()}
    return known.assign(p_abandon=0.5), known[["visitor_id", "ts"]].assign(**told, **nothing)


def test_explanations_that_tell_the_truth_agree_with_it() -> None:
    known, explained = shop()
    table = compare_causes(explained, known, known)
    assert_allclose(table["planted"], table["shap"])
    assert_allclose(table.loc[list(truth.NAMES), "agreement"], 1.0)
    assert planted_spearman(table) == pytest.approx(1.0)
    assert planted_spearman(table, decoys=False) == pytest.approx(1.0)


def test_shuffled_explanations_agree_less() -> None:
    known, explained = shop()
    columns = [name for name in map(str, explained) if name.startswith("attribution_")]
    wrong = explained.assign(**dict(zip(columns, shuffled(explained[columns].to_numpy()).T, strict=True)))
    assert planted_spearman(compare_causes(wrong, known, known)) < 0.8


def test_the_truth_is_found_in_the_order_asked_for() -> None:
    known, explained = shop()
    found = known_truth(known, explained.iloc[::-1].assign(ts=lambda frame: frame["ts"].dt.tz_localize("UTC")))
    assert found["visitor_id"].tolist() == explained["visitor_id"].tolist()[::-1]


def test_carts_of_another_shop_are_refused() -> None:
    known, explained = shop()
    with pytest.raises(InputError, match=r"Received: 80 of 80 without one"):
        known_truth(known, explained.assign(visitor_id="somebody"))
