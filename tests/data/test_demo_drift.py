"""A shop that changes from week to week keeps its truth exact in every one of them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from data.demo import Shop, truth
from data.demo.drift import DAYS, DriftingShop, Fault, broken, season_of, simulate_week
from data.demo.visitors import FIRST_DAY
from data.errors import InputError

SHOP = DriftingShop(sessions=5_000, items=400)
WEEKS = (1, 4, 5, 7, 12)


@pytest.fixture(scope="module")
def weeks() -> dict[int, Shop]:
    return {week: simulate_week(SHOP, week) for week in WEEKS}


def z_score(carts: pd.DataFrame, p: pd.Series) -> float:
    """Standard errors by which the carts abandoned differ from what the probabilities say; one row a session."""
    return float((carts["abandoned"] - p).sum() / np.sqrt((p * (1 - p)).sum()))


@pytest.mark.parametrize("week", WEEKS)
def test_outcomes_agree_with_the_probabilities_in_every_week(weeks: dict[int, Shop], week: int) -> None:
    points = weeks[week].truth
    for point in (0, 1, 3):
        carts = points[points["decision_point"] == point]
        assert abs(z_score(carts, carts["p_abandon"])) < 4
        for _, group in carts.groupby(pd.qcut(carts["p_abandon"], 6)):
            assert abs(z_score(group, group["p_abandon"])) < 4
        for cause in truth.NAMES:
            for _, group in carts.groupby(pd.qcut(carts[cause].rank(method="first"), 4)):
                assert abs(z_score(group, group["p_abandon"])) < 4, cause


def test_the_usual_law_is_wrong_in_the_season_and_right_before(weeks: dict[int, Shop]) -> None:
    for week, shop in weeks.items():
        values = shop.truth.filter(like="value_").rename(columns=lambda name: name.removeprefix("value_"))
        usual, told = truth.p_abandon(values), truth.p_abandon(values, season_of(SHOP, week))
        np.testing.assert_allclose(told, shop.truth["p_abandon"])
        late = shop.truth["late"].to_numpy() > 0.3 * season_of(SHOP, week).factors.get("late", 1.0)
        first = (shop.truth["decision_point"] == 0) & late
        off = abs(z_score(shop.truth[first], usual[first]))
        assert (off > 6) == (week >= SHOP.season_week), (week, off)


def test_items_join_and_keep_their_name_category_and_price(weeks: dict[int, Shop]) -> None:
    sizes = [len(weeks[week].catalogue) for week in WEEKS]
    assert sizes == [SHOP.items - 8 * (SHOP.weeks - week) for week in WEEKS]
    last = weeks[12].catalogue.set_index("item_id")
    for week, shop in weeks.items():
        now = shop.catalogue.set_index("item_id")
        assert set(now.index) <= set(last.index)
        assert set(shop.events["item_id"]) <= set(now.index)
        assert now["popularity"].sum() == pytest.approx(1.0)
        same = last.loc[now.index]
        assert (same["category"] == now["category"]).all()
        factor = 1.0 if week >= SHOP.price_week else 1 + SHOP.price_rise
        np.testing.assert_allclose(same["price"], now["price"] * factor, atol=0.006)
        np.testing.assert_array_equal(same["typical_price"], now["typical_price"])
    new = set(last.index) - set(weeks[1].catalogue["item_id"])
    assert weeks[12].events["item_id"].isin(new).mean() > 0.05


def test_prices_of_the_week_are_those_of_the_log_and_of_the_truth(weeks: dict[int, Shop]) -> None:
    for shop in weeks.values():
        price = shop.catalogue.set_index("item_id")["price"]
        np.testing.assert_allclose(shop.events["price"], price.loc[shop.events["item_id"]])
        first = shop.truth.loc[shop.truth["decision_point"] == 0, ["visitor_id", "ts", "value_shipping"]]
        carts = first.merge(shop.events[shop.events["event"] == "cart"], on=["visitor_id", "ts"], validate="one_to_one")
        assert len(carts) == len(first)
        np.testing.assert_allclose(carts["value_shipping"], carts["price"] * carts["quantity"])


def test_weeks_follow_each_other_and_share_no_visitor(weeks: dict[int, Shop]) -> None:
    seen: set[str] = set()
    for week, shop in weeks.items():
        start = pd.Timestamp(FIRST_DAY) + pd.Timedelta(days=DAYS * (week - 1))
        assert shop.events["ts"].min() >= start
        assert shop.events["ts"].max() < start + pd.Timedelta(days=DAYS, hours=5)
        visitors = set(shop.events["visitor_id"])
        assert not visitors & seen
        seen |= visitors


def test_a_new_item_starts_without_a_past(weeks: dict[int, Shop]) -> None:
    old = simulate_week(replace(SHOP, joining=0.0), 12).truth
    assert weeks[12].truth["value_popularity"].min() < old["value_popularity"].min() - 1
    assert old["value_popularity"].median() > weeks[1].truth["value_popularity"].median() + 1, "the log has grown"


def test_the_same_seed_gives_the_same_week() -> None:
    small = DriftingShop(sessions=300, items=100)
    one, again, other = simulate_week(small, 3), simulate_week(small, 3), simulate_week(replace(small, seed=8), 3)
    for name in ("events", "truth", "catalogue"):
        assert_frame_equal(getattr(one, name), getattr(again, name))
        assert not getattr(one, name).equals(getattr(other, name))


@pytest.mark.parametrize(
    ("fault", "column"), [("milliseconds", "ts"), ("cents", "price"), ("unpurchased", "event")]
)  # fmt: skip
def test_a_fault_breaks_one_thing_and_leaves_the_rest(weeks: dict[int, Shop], fault: Fault, column: str) -> None:
    events = weeks[1].events
    bad = broken(events, fault)
    rows = events if fault != "unpurchased" else events[events["event"] != "purchase"].reset_index(drop=True)
    assert_frame_equal(bad.drop(columns=column), rows.drop(columns=column))
    assert bad.dtypes.equals(events.dtypes)
    match fault:
        case "milliseconds":
            assert bad["ts"].max() < pd.Timestamp("1970-02-01")
        case "cents":
            np.testing.assert_allclose(bad["price"], events["price"] * 100)
        case "unpurchased":
            assert not (bad["event"] == "purchase").any()


def test_weeks_there_are_not_and_too_many_new_items_are_refused() -> None:
    for week in (0, 13):
        with pytest.raises(InputError, match=f"`week` should be between 1 and 12. Received: {week}"):
            simulate_week(SHOP, week)
    with pytest.raises(InputError, match=r"`joining` should be at most 0\.08"):
        simulate_week(replace(SHOP, joining=0.5), 1)
