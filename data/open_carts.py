"""The carts of a fresh log that may still be lost, with the features the models were trained on."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import ibis
import pandas as pd
import pyarrow.parquet as pq

from data.config import EngineConfig, IngestConfig, SessionConfig, SourceConfig
from data.engine import engine, keep, read_parquet, write_parquet
from data.errors import InputError
from data.examples import Examples, from_frame
from data.feature import Feature
from data.features.at import features_at
from data.features.points import open_carts
from data.ingest import ingest
from data.purchases import purchases
from data.sequences import LISTS, item_sequences
from data.sessions import sessionize


@dataclass(frozen=True)
class OpenCarts:
    """The last moment of every session with an open cart, n of them."""

    examples: Examples
    """Features as of each session's last event; the labels mean nothing."""

    items: list[list[str]]
    """Items of each session's events, oldest first; none where they were not written."""

    bought: list[list[str]]
    """Items that each session's visitor has bought, in this log or before, in alphabetical order."""

    cart_value: pd.Series
    """(n,) value of what is in the cart, in the shop's currency; NaN where a price is unknown."""

    events: list[list[str]] | None = None
    """Kinds of each session's events, beside `items`; None where the source has no events."""

    gaps: list[list[float]] | None = None
    """Seconds since the session's previous event of each, beside `items`, 0 for the first."""


def write_open_carts(
    source: SourceConfig,
    rules: IngestConfig,
    session: SessionConfig,
    config: EngineConfig,
    path: Path,
    history: Path | None,
    out: Path,
    scratch: Path,
    lists: bool = True,
) -> None:
    """Ingest a fresh log of any length and write its open carts in order of their sessions' ids.

    What visitors and items did before the fresh log began comes from `history`, so that features such as a visitor's
    earlier carts mean the same as in training. History from the log's first moment on does not count: where both
    overlap, the fresh log has the word.

    Args:
        source: form of the fresh log.
        rules: how much of it may break the event contract.
        session: how events become sessions.
        config: the SQL engine.
        path: the fresh log.
        history: events of an earlier ingest; none where None.
        out: Parquet file to write, for `open_cart_batches`.
        scratch: folder for temporary files.
        lists: whether to say what each session held and its visitor has bought, which recommendations take and which
            costs a sixth of the time.

    Raises:
        InputError: the log cannot be read, or has no open cart.
    """
    with tempfile.TemporaryDirectory(dir=scratch) as folder, engine(config, Path(folder)) as backend:
        ingested = Path(folder) / "ingest"
        ingested.mkdir()
        ingest(source, rules, config, path, ingested, quarantine_copy=scratch / "quarantine.parquet")
        fresh = read_parquet(backend, ingested / "events.parquet")
        begin = fresh.ts.min().to_pyarrow().as_py()
        events = fresh if history is None else _with_history(fresh, read_parquet(backend, history), begin)
        kept = Path(folder) / "sessions.parquet"
        write_parquet(sessionize(events, session), kept, scratch=True)
        sessions = read_parquet(backend, kept)
        recent = sessions.filter(sessions.ts >= begin).select("session_id").distinct()
        points = keep(backend, open_carts(sessions).semi_join(recent, "session_id"))
        if not points.count().to_pyarrow().as_py():
            raise InputError(f"{path} has no open cart: every session without a purchase has no cart event either.")
        hold = partial(keep, backend)
        features = features_at(sessions, points, hold)
        told = _with_lists(hold, features, sessions, points) if lists else features
        write_parquet(told, out, sort_by=["session_id"])


def _with_lists(
    hold: Callable[[ibis.Table], ibis.Table], features: ibis.Table, sessions: ibis.Table, points: ibis.Table
) -> ibis.Table:
    """The features at the points, with what each session held and its visitor has bought."""
    opened = sessions.semi_join(points, "session_id")
    told = hold(item_sequences(opened).select("session_id", *LISTS))
    sold = purchases(sessions).semi_join(opened.select("visitor_id").distinct(), "visitor_id")
    bought = hold(sold.group_by("visitor_id").agg(bought=sold.item_id.collect().sort()))
    joined = features.join(told, "session_id")
    return joined.left_join(bought, "visitor_id").drop("visitor_id_right")


def read_open_carts(path: Path, specs: tuple[Feature, ...]) -> OpenCarts:
    """What `write_open_carts` wrote, all at once."""
    return _open_carts(pd.read_parquet(path), specs)


def open_cart_batches(path: Path, specs: tuple[Feature, ...], size: int) -> Iterator[OpenCarts]:
    """What `write_open_carts` wrote, in order and no more than `size` carts at once."""
    for batch in pq.ParquetFile(path).iter_batches(size):
        yield _open_carts(batch.to_pandas(), specs)


def _open_carts(frame: pd.DataFrame, specs: tuple[Feature, ...]) -> OpenCarts:
    if "items" not in frame:
        nothing: list[list[str]] = [[] for _ in range(len(frame))]
        return OpenCarts(from_frame(frame, specs), nothing, nothing, frame["cart_value"].astype("float64"))
    return OpenCarts(
        examples=from_frame(frame, specs),
        items=[list(items) for items in frame["items"]],
        bought=[[] if items is None else list(items) for items in frame["bought"]],
        cart_value=frame["cart_value"].astype("float64"),
        events=[list(events) for events in frame["events"]],
        gaps=[list(gaps) for gaps in frame["gaps"]],
    )


def _with_history(fresh: ibis.Table, history: ibis.Table, begin: object) -> ibis.Table:
    earlier = history.filter(history.ts < begin)
    # Row numbers order events of the same moment and have to stay unique.
    later = fresh.mutate(row=fresh.row + earlier.row.max().fill_null(0).as_scalar())
    return ibis.union(earlier, later.select(*earlier.columns))
