"""What a visitor has bought, in a whole log and for open carts."""

from pathlib import Path

import pytest

from data.config import EngineConfig, IngestConfig, SessionConfig
from data.errors import InputError
from data.features.catalogue import FEATURES
from data.open_carts import read_open_carts, write_open_carts
from data.purchases import bought_by, purchases
from tests.data.ingesting import HEADER, source
from tests.data.logs import collect, log, table, write_events

EVENTS = log(
    ("v", 0, "purchase", "b", None, None, 1),
    ("v", 1, "purchase", "a", None, None, 2),
    ("v", 90, "purchase", "b", None, None, 1),
    ("v", 91, "cart", "c", None, None, 1),
    ("w", 2, "purchase", "c", None, None, 1),
    ("u", 3, "view", "a", None, None, 1),
)
ENGINE = EngineConfig(threads=1, memory_limit_mib=512)


def test_each_item_counts_once_for_each_visitor() -> None:
    found = collect(purchases(table(EVENTS)), "visitor_id", "item_id")
    assert list(found.itertuples(index=False, name=None)) == [("v", "a"), ("v", "b"), ("w", "c")]


def test_a_visitor_without_purchases_is_not_one_without_events(tmp_path: Path) -> None:
    write_events(EVENTS, tmp_path / "events.parquet")
    found = {who: bought_by(tmp_path / "events.parquet", who, ENGINE) for who in ("v", "w", "u", "x", "' OR 1=1 --")}
    assert found == {"v": ["a", "b"], "w": ["c"], "u": [], "x": None, "' OR 1=1 --": None}
    with pytest.raises(InputError, match="run --from ingest"):
        bought_by(tmp_path / "absent.parquet", "v", ENGINE)


def test_open_carts_know_what_their_visitors_bought_before_and_in_the_fresh_log(tmp_path: Path) -> None:
    write_events(EVENTS, tmp_path / "history.parquet")
    fresh = [
        "v,2024-04-01 10:00:00,purchase,d", "v,2024-04-02 10:00:00,cart,e", "v,2024-04-02 10:01:00,view,a",
        "u,2024-04-02 10:00:00,cart,a", "new,2024-04-02 10:00:00,cart,b", "w,2024-04-02 10:00:00,view,a",
    ]  # fmt: skip
    (tmp_path / "fresh.csv").write_text(HEADER + "\n".join(fresh) + "\n")

    def bought(history: Path | None) -> dict[str, list[str]]:
        fresh, written = tmp_path / "fresh.csv", tmp_path / "carts.parquet"
        write_open_carts(source(), IngestConfig(), SessionConfig(), ENGINE, fresh, history, written, tmp_path)
        carts = read_open_carts(written, FEATURES)
        assert carts.items[carts.examples.keys["visitor_id"].tolist().index("v")] == ["e", "a"]
        return dict(zip(carts.examples.keys["visitor_id"], carts.bought, strict=True))

    assert bought(tmp_path / "history.parquet") == {"v": ["a", "b", "d"], "u": [], "new": []}
    assert bought(None) == {"v": ["d"], "u": [], "new": []}
