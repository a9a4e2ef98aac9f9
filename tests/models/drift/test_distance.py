"""Distances of two samples: their closed forms and what must not change them."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from models.drift.distance import PRIOR, categorical_bins, holm, kolmogorov_smirnov, numeric_bins, psi, psi_by_chance

Floats = npt.NDArray[np.float64]
COUNTS = hnp.arrays(np.int64, st.integers(1, 12), elements=st.integers(0, 500))
KINDS = [np.nan, -3.0, 0.0, 0.5, 1.0, 2.0, 7.5, 100.0]
VALUES = hnp.arrays(np.float64, st.integers(1, 80), elements=st.sampled_from(KINDS))


@given(COUNTS, st.data())
def test_psi_is_symmetric_not_negative_and_0_on_itself(one: npt.NDArray[np.int64], data: st.DataObject) -> None:
    other = data.draw(hnp.arrays(np.int64, len(one), elements=st.integers(0, 500)))
    assert psi(one, other) == pytest.approx(psi(other, one), abs=1e-12)
    assert psi(one, other) >= 0
    assert psi(one, one) == 0


def test_psi_has_its_closed_form_for_many_rows() -> None:
    p, q = np.array([0.2, 0.3, 0.5]), np.array([0.4, 0.4, 0.2])
    expected = ((q - p) * np.log(q / p)).sum()
    assert psi((p * 1e9).astype(np.int64), (q * 1e9).astype(np.int64)) == pytest.approx(expected, rel=1e-6)
    # an empty bin: half a row in it
    share = PRIOR / (100 + 2 * PRIOR)
    full = 1 - share
    assert psi(np.array([100, 0]), np.array([0, 100])) == pytest.approx(2 * (full - share) * np.log(full / share))


@settings(max_examples=60, deadline=None)
@given(VALUES, VALUES)
def test_a_strictly_increasing_change_of_scale_moves_nothing(reference: Floats, current: Floats) -> None:
    plain, bent = numeric_bins(reference, current), numeric_bins(np.exp(reference / 50), np.exp(current / 50))
    np.testing.assert_array_equal(plain.reference, bent.reference)
    np.testing.assert_array_equal(plain.current, bent.current)


@settings(max_examples=60, deadline=None)
@given(VALUES, VALUES)
def test_every_row_is_in_one_bin_and_no_bin_is_empty_in_both(reference: Floats, current: Floats) -> None:
    bins = numeric_bins(reference, current)
    assert bins.reference.sum() == len(reference)
    assert bins.current.sum() == len(current)
    assert (bins.reference + bins.current > 0).all()
    assert len(bins.labels) == len(bins.reference) == len(set(bins.labels))
    unknown = dict(zip(bins.labels, bins.current, strict=True)).get("unknown", 0)
    assert unknown == np.isnan(current).sum()


def test_bins_are_the_deciles_of_the_reference() -> None:
    reference = np.random.default_rng(0).permutation(1_000) / 10
    bins = numeric_bins(reference, reference)
    assert bins.reference.tolist() == [100] * 10
    assert bins.labels[0] == "0 to 9.9"


@pytest.mark.parametrize("moved", [4.0, 6.0, np.nan])
def test_a_constant_that_changes_is_seen_whichever_way(moved: float) -> None:
    bins = numeric_bins(np.full(500, 5.0), np.full(500, moved))
    assert psi(bins.reference, bins.current) > 1


def test_a_flag_has_its_own_bins_however_rare() -> None:
    rng = np.random.default_rng(0)
    bins = numeric_bins((rng.random(2_000) < 0.3).astype(float), (rng.random(2_000) < 0.6).astype(float))
    assert bins.labels == ("0", "1")
    p, q = 0.3, 0.6
    expected = (q - p) * np.log(q / p) + (p - q) * np.log((1 - q) / (1 - p))
    assert psi(bins.reference, bins.current) == pytest.approx(expected, rel=0.15)


def test_categories_and_unknown_are_bins() -> None:
    bins = categorical_bins(
        pd.Series(["a", "b", None, "a"], dtype=object), pd.Series(["c", "a", "a", None], dtype=object)
    )
    assert bins.labels == ("a", "b", "c", "unknown")
    assert bins.reference.tolist() == [2, 1, 0, 1]
    assert bins.current.tolist() == [2, 0, 1, 1]
    assert categorical_bins(pd.Series(["a"]), pd.Series(["a"])).labels == ("a",)
    both = categorical_bins(pd.Series(["unknown", None], dtype=object), pd.Series(["unknown"], dtype=object))
    assert both.reference.tolist() == [1, 1], "a category of that name is not the missing values"


def test_chance_gives_less_than_is_said_as_often_as_is_said() -> None:
    rng, below = np.random.default_rng(0), 0
    for _ in range(400):
        bins = numeric_bins(rng.normal(size=3_000), rng.normal(size=300))
        below += psi(bins.reference, bins.current) < psi_by_chance(len(bins.labels), 3_000, 300, 0.95)
    assert 0.92 <= below / 400 <= 0.975


def test_kolmogorov_smirnov_has_its_closed_form() -> None:
    # Uniform on (0, 1) against uniform on (0.25, 1.25): the distance is a quarter, wherever it is measured.
    grid = (np.arange(4_000) + 0.5) / 4_000
    distance, p_value = kolmogorov_smirnov(grid, grid + 0.25, (4_000, 4_000))
    assert distance == pytest.approx(0.25, abs=1e-3)
    assert p_value == pytest.approx(0.0, abs=1e-9)
    assert kolmogorov_smirnov(grid, grid, (4_000, 4_000)) == (0.0, 1.0)


def test_kolmogorov_smirnov_is_scipys_where_rows_are_independent_and_milder_where_they_are_not() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=400), rng.normal(0.15, 1, size=500)
    distance, p_value = kolmogorov_smirnov(np.append(one, np.nan), other, (401, 500))
    expected = stats.ks_2samp(one, other, method="asymp")
    assert (distance, p_value) == pytest.approx((expected.statistic, expected.pvalue))
    repeated = kolmogorov_smirnov(np.repeat(one, 4), np.repeat(other, 4), (400, 500))
    assert repeated == pytest.approx((distance, p_value))
    assert kolmogorov_smirnov(one, np.full(3, np.nan), (400, 3)) == (None, None)


@given(hnp.arrays(np.float64, st.integers(1, 12), elements=st.floats(0, 1)))
def test_holm_is_the_step_down_rule(p_values: Floats) -> None:
    adjusted = holm(p_values)
    assert (adjusted >= p_values).all()
    assert (adjusted <= np.minimum(1.0, len(p_values) * p_values) + 1e-12).all(), "never above Bonferroni"
    alpha, order = 0.05, np.argsort(p_values, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all(), "what is less likely by chance stays so"
    rejected = set()
    for step, place in enumerate(order):
        if p_values[place] > alpha / (len(p_values) - step):
            break
        rejected.add(int(place))
    close = np.abs(adjusted - alpha) < 1e-9
    assert {int(place) for place in np.flatnonzero(adjusted <= alpha) if not close[place]} == {
        place for place in rejected if not close[place]
    }
