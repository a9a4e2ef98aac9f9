"""The demo shop as a whole: 30,000 sessions, which is more than one chunk."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
from pandas.testing import assert_frame_equal

from data.config import DemoConfig, EngineConfig, IngestConfig
from data.demo import DEMO_SOURCE, Shop, simulate, truth, write_demo
from data.raw.ingest import ingest

CONFIG = DemoConfig(sessions=30_000)
GAP = pd.Timedelta(minutes=30)


@pytest.fixture(scope="module")
def shop() -> Shop:
    return simulate(CONFIG)


@pytest.fixture(scope="module")
def events(shop: Shop) -> pd.DataFrame:
    """The log by visitor and time, with the number of each event's session by the gap rule."""
    log = shop.events.sort_values(["visitor_id", "ts"], ignore_index=True)
    fresh = (log["visitor_id"] != log["visitor_id"].shift()) | (log["ts"].diff() > GAP)
    return log.assign(session=fresh.cumsum())


@pytest.fixture(scope="module")
def points(shop: Shop) -> pd.DataFrame:
    return shop.truth[shop.truth["decision_point"].isin([0, 1, 2, 3, 5, 10])]


def test_the_same_seed_gives_the_same_shop_and_another_seed_another() -> None:
    config = DemoConfig(sessions=500)
    first, again, other = simulate(config), simulate(config), simulate(config.model_copy(update={"seed": 8}))
    for name in ("events", "truth", "catalogue"):
        assert_frame_equal(getattr(first, name), getattr(again, name))
        assert not getattr(first, name).equals(getattr(other, name))


def test_the_gap_rule_finds_every_session(events: pd.DataFrame) -> None:
    assert events["session"].nunique() == CONFIG.sessions
    starts = events.groupby("session")["ts"].agg(["min", "max"])
    assert (starts["max"] - starts["min"]).max() < pd.Timedelta(hours=5)
    assert not events.duplicated(["visitor_id", "ts"]).any()


def test_a_purchase_ends_a_session_and_buys_what_is_in_the_cart(events: pd.DataFrame) -> None:
    carted = events.loc[events["event"] == "cart", "session"].unique()[:800]
    for _, session in events[events["session"].isin(carted)].groupby("session"):
        cart: dict[str, int] = {}
        bought: dict[str, int] = {}
        for event, item, pieces in zip(session["event"], session["item_id"], session["quantity"], strict=True):
            assert event == "purchase" or not bought
            match event:
                case "cart":
                    assert item not in cart
                    cart[item] = pieces
                case "uncart":
                    assert cart.pop(item) == pieces
                    assert cart
                case "purchase":
                    bought[item] = pieces
        assert not bought or bought == cart


def test_the_log_looks_like_a_shop(events: pd.DataFrame, shop: Shop) -> None:
    carts = (shop.truth["decision_point"] == 0).sum()
    assert 0.25 <= carts / CONFIG.sessions <= 0.36
    repeats = 1 - events.groupby("session")["item_id"].nunique().sum() / len(events)
    assert 0.30 <= repeats <= 0.42
    assert 0.60 <= shop.truth.loc[shop.truth["decision_point"] == 0, "abandoned"].mean() <= 0.72
    starts = events.groupby("session")["ts"].min()
    by_weekday = starts.dt.day_of_week.value_counts()
    assert by_weekday[6] > 1.2 * by_weekday[1]
    assert (starts.dt.hour >= 19).mean() > 2 * (starts.dt.hour < 9).mean()
    views = events["item_id"].value_counts()
    assert views.head(len(shop.catalogue) // 10).sum() > 0.3 * len(events)


def test_sequences_say_more_than_popularity(events: pd.DataFrame) -> None:
    same = events["session"] == events["session"].shift()
    category = events["category"].to_numpy()
    follows = (category[1:] == category[:-1])[same.to_numpy()[1:]].mean()
    by_chance = (events["category"].value_counts(normalize=True) ** 2).sum()
    assert follows > 5 * by_chance


def recomputed(session: pd.DataFrame) -> list[dict[str, float]]:
    """The causes' values at every decision point of one session, from its events alone."""
    rows: list[dict[str, float]] = []
    cart: dict[str, float] = {}
    views: dict[str, int] = {}
    pauses = removals = 0
    late = -1
    gaps = session["ts"].diff()
    columns = ("ts", "event", "item_id", "price", "quantity")
    for (ts, event, item, price, pieces), gap in zip(session[list(columns)].itertuples(index=False), gaps, strict=True):
        if event == "purchase":
            break
        pauses += late >= 0 and gap > pd.Timedelta(minutes=4)
        if event == "view":
            views[item] = views.get(item, 0) + 1
        if event == "cart":
            cart[item] = price * pieces
            late = ts.hour if late < 0 else late
        if event == "uncart":
            del cart[item]
            removals += 1
        if late >= 0:
            seen = sum(views.get(name, 0) for name in cart)
            rows.append({
                "ts": ts, "decision_point": len(rows), "value_shipping": sum(cart.values()), "value_late": late,
                "value_hesitation": seen, "value_comparing": sum(views.values()) - seen, "value_several": len(cart),
                "value_pauses": pauses, "value_removal": removals,
            })  # fmt: skip
    return rows


def test_the_truth_is_about_what_the_log_shows(events: pd.DataFrame, shop: Shop) -> None:
    visitors = events["visitor_id"].drop_duplicates().sample(700, random_state=0)
    chosen = events[events["visitor_id"].isin(visitors)]
    seen = pd.DataFrame([row for _, session in chosen.groupby("session") for row in recomputed(session)])
    known = shop.truth[shop.truth["visitor_id"].isin(visitors)]
    order = ["ts", "decision_point"]
    known = known.sort_values(order, ignore_index=True)[list(seen.columns)]
    assert len(known) > 500
    assert_frame_equal(seen.sort_values(order, ignore_index=True), known, check_dtype=False)


def test_loyalty_counts_earlier_sessions_that_ended_in_a_purchase(events: pd.DataFrame, shop: Shop) -> None:
    sessions = (
        events.assign(bought=events["event"] == "purchase")
        .groupby(["visitor_id", "session"])
        .agg(start=("ts", "min"), bought=("bought", "max"))
    )
    earlier = sessions.groupby("visitor_id")["bought"].cumsum() - sessions["bought"]
    sessions = sessions.assign(earlier=earlier).reset_index().sort_values("start")
    first = shop.truth[shop.truth["decision_point"] == 0].sort_values("ts")
    joined = pd.merge_asof(first, sessions, left_on="ts", right_on="start", by="visitor_id")
    np.testing.assert_array_equal(joined["value_loyalty"], joined["earlier"])
    np.testing.assert_array_equal(joined["abandoned"], 1 - joined["bought"])


def test_outcomes_agree_with_the_probabilities(points: pd.DataFrame) -> None:
    for _, carts in points.groupby("decision_point"):
        assert_calibrated(carts)
        for _, group in carts.groupby(pd.cut(carts["p_abandon"], [0, 0.25, 0.5, 0.75, 0.9, 1])):
            assert_calibrated(group)


@pytest.mark.parametrize("cause", truth.NAMES)
def test_outcomes_agree_with_the_probabilities_whatever_a_cause_does(points: pd.DataFrame, cause: str) -> None:
    for _, carts in points[points["decision_point"].isin([0, 3])].groupby("decision_point"):
        for _, group in carts.groupby(pd.qcut(carts[cause].rank(method="first"), 10)):
            assert_calibrated(group)


def assert_calibrated(carts: pd.DataFrame) -> None:
    """The share abandoned lies within 4 standard errors; each session may be there once only."""
    p = carts["p_abandon"]
    error = np.sqrt((p * (1 - p)).sum())
    assert abs(carts["abandoned"].sum() - p.sum()) <= 4 * error + 1e-9, f"{carts['abandoned'].sum()} for {p.sum()}"


def test_effects_are_centred_add_up_and_differ_in_strength(points: pd.DataFrame) -> None:
    effects = points[list(truth.NAMES)]
    strength = truth.planted_effects(points)
    assert (effects.mean().abs() < 0.1).all()
    np.testing.assert_allclose(1 / (1 + np.exp(-truth.BASE - effects.sum(axis=1))), points["p_abandon"], rtol=1e-9)
    values = points[[f"value_{name}" for name in truth.NAMES]].set_axis(list(truth.NAMES), axis=1)
    np.testing.assert_allclose(truth.p_if_nudged(values), points["p_if_nudged"])
    assert (points["p_if_nudged"] < points["p_abandon"]).all()
    ordered = strength[list(truth.NAMES)].sort_values()
    assert ordered.iloc[0] < 0.15 < 0.8 < ordered.iloc[-1]
    assert np.abs(effects.corr().to_numpy() - np.eye(len(truth.NAMES))).max() < 0.5


@pytest.mark.parametrize(
    "config",
    [
        DemoConfig(sessions=1), DemoConfig(sessions=3), DemoConfig(sessions=200, days=1, items=20),
        DemoConfig(sessions=300, days=400),
    ],
)  # fmt: skip
def test_shops_of_any_size_are_whole(config: DemoConfig) -> None:
    small = simulate(config)
    log = small.events.sort_values(["visitor_id", "ts"])
    sessions = ((log["visitor_id"] != log["visitor_id"].shift()) | (log["ts"].diff() > GAP)).sum()
    assert sessions == config.sessions
    day = (log["ts"] - pd.Timedelta(hours=5)).dt.date  # a visitor's sessions start on different days
    assert (small.truth["decision_point"] == 0).sum() == len(
        pd.concat([log["visitor_id"], day], axis=1)[log["event"] == "cart"].drop_duplicates()
    )
    assert list(small.truth.columns) == list(simulate(DemoConfig(sessions=50)).truth.columns)


def test_the_shop_enters_through_the_door_of_any_log(tmp_path: Path) -> None:
    config, out = DemoConfig(sessions=2_000), tmp_path / "ingest"
    out.mkdir()
    facts = write_demo(config, tmp_path / "demo")
    report = ingest(DEMO_SOURCE, IngestConfig(), EngineConfig(), tmp_path / "demo" / "events.parquet", out)
    assert (report["rows"], report["bad"], report["duplicates_dropped"]) == (facts["events"], 0, 0)
    assert report["has_price"]
    assert report["has_category"]
    read = pd.read_parquet(out / "events.parquet").sort_values(["ts", "visitor_id"], ignore_index=True)
    expected = simulate(config).events
    assert_frame_equal(read[list(expected.columns)], expected, check_dtype=False)


def test_files_repeat_byte_by_byte_and_hold_what_is_simulated(tmp_path: Path) -> None:
    config = DemoConfig(sessions=800)
    for folder in ("a", "b"):
        write_demo(config, tmp_path / folder)
        write_demo(config, tmp_path / folder, format="csv")
    shop = simulate(config)
    for name in ("events", "truth", "catalogue"):
        for form in ("parquet", "csv"):
            file = f"{name}.{form}"
            assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
        expected = getattr(shop, name)
        assert_frame_equal(pd.read_parquet(tmp_path / "a" / f"{name}.parquet"), expected)
        dates = ["ts"] if "ts" in expected else []
        read = pd.read_csv(tmp_path / "a" / f"{name}.csv", parse_dates=dates)
        assert_frame_equal(read, expected, check_dtype=False)


def test_a_large_shop_is_written_chunk_by_chunk(tmp_path: Path) -> None:
    facts = write_demo(CONFIG, tmp_path)
    assert pyarrow.parquet.ParquetFile(tmp_path / "events.parquet").num_row_groups >= 2
    visitors = pd.read_parquet(tmp_path / "events.parquet", columns=["visitor_id"])["visitor_id"]
    assert facts["events"] == len(visitors)
