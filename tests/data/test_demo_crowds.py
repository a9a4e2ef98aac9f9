"""The demo shop side by side with itself."""

from pathlib import Path

import pandas as pd
import pytest

from data.config import DemoConfig
from data.demo.crowds import write_crowds
from data.demo.shop import simulate

SHOP = DemoConfig(sessions=300, items=200)


def written(folder: Path, seed: int = 1, crowds: range = range(2)) -> tuple[pd.DataFrame, pd.DataFrame]:
    folder.mkdir()
    write_crowds(SHOP, crowds, seed, folder, lambda _: None)
    return pd.read_parquet(folder / "events.parquet"), pd.read_parquet(folder / "truth.parquet")


def crowd_of(visitor_id: str) -> int:
    return int(visitor_id.partition(":")[0])


def test_crowds_share_the_catalogue_and_no_id(tmp_path: Path) -> None:
    events, known = written(tmp_path / "a")
    crowd = events["visitor_id"].map(crowd_of)
    assert set(crowd) == {0, 1}
    assert set(known["visitor_id"]) <= set(events["visitor_id"])
    prices = simulate(SHOP).catalogue.set_index("item_id")["price"]
    for name in ("visitor_id", "item_id", "category"):
        assert (events[name].map(crowd_of) == crowd).all()
    plain = events["item_id"].str.partition(":")[2]
    assert (events["price"].to_numpy() == prices.loc[plain].to_numpy()).all()


def test_crowds_are_strangers_to_one_another_and_to_the_shops_own_visitors(tmp_path: Path) -> None:
    events, _ = written(tmp_path / "a")
    logs = [events[events["visitor_id"].map(crowd_of) == crowd]["ts"].tolist() for crowd in (0, 1)]
    logs.append(simulate(SHOP).events["ts"].tolist())
    assert len({tuple(log[:20]) for log in logs}) == 3


@pytest.mark.parametrize(("seed", "same"), [(1, True), (2, False)])
def test_the_seed_decides_every_byte(seed: int, same: bool, tmp_path: Path) -> None:
    written(tmp_path / "a")
    written(tmp_path / "b", seed)
    files = [(tmp_path / name / "events.parquet").read_bytes() for name in ("a", "b")]
    assert (files[0] == files[1]) is same


def test_a_crowd_is_the_same_whichever_are_beside_it(tmp_path: Path) -> None:
    both, one = (written(tmp_path / str(crowds), crowds=crowds) for crowds in (range(2), range(1, 2)))
    for whole, part in zip(both, one, strict=True):
        own = whole[whole["visitor_id"].map(crowd_of) == 1].reset_index(drop=True)
        pd.testing.assert_frame_equal(own, part)
