"""The carts of a fresh log that may still be lost, with the features the models were trained on."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import ibis
import pandas as pd
import pyarrow.parquet as pq

from data.coded_sessions import code_sessions
from data.config import EngineConfig, IngestConfig, SessionConfig, SourceConfig
from data.engine import keep, read_parquet, write_parquet
from data.errors import InputError
from data.examples import Examples, from_frame
from data.feature import Feature
from data.features.at import features_of
from data.features.points import open_carts
from data.purchases import purchases
from data.raw.intake import accepted
from data.sequences import LISTS, item_sequences


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
            costs a quarter of the time.

    Raises:
        InputError: the log cannot be read, or has no open cart.
    """
    with (
        tempfile.TemporaryDirectory(dir=scratch) as folder,
        accepted(source, rules, config, path, Path(folder), scratch / "quarantine.parquet") as fresh,
    ):
        backend = fresh.get_backend()
        hold = partial(keep, backend)
        begin = fresh.ts.min().to_pyarrow().as_py()
        log = fresh if history is None else _with_history(fresh, read_parquet(backend, history), begin)
        sessions = code_sessions(log, begin, session, hold)
        points = hold(open_carts(sessions.events, begin))
        if not points.count().to_pyarrow().as_py():
            raise InputError(f"{path} has no open cart: every session without a purchase has no cart event either.")
        past = hold(sessions.of(points))
        told = features_of(past, points, sessions.events, log, hold)
        if lists:
            told = told.join(hold(item_sequences(past).select("session_id", *LISTS)), "session_id")
        told = sessions.decoded(told, points)
        write_parquet(_with_bought(hold, told, log) if lists else told, out, sort_by=["session_id"])


def _with_bought(hold: Callable[[ibis.Table], ibis.Table], told: ibis.Table, log: ibis.Table) -> ibis.Table:
    """Carts with what their visitors have bought."""
    told, sold = hold(told), purchases(log)
    sold = sold.semi_join(told, "visitor_id")
    bought = hold(sold.group_by("visitor_id").agg(bought=sold.item_id.collect().sort()))
    return told.left_join(bought, "visitor_id").drop("visitor_id_right")


def read_open_carts(path: Path, specs: tuple[Feature, ...]) -> OpenCarts:
    """What `write_open_carts` wrote, all at once."""
    return _open_carts(pd.read_parquet(path), specs)


def open_cart_batches(path: Path, specs: tuple[Feature, ...], size: int) -> Iterator[OpenCarts]:
    """What `write_open_carts` wrote, in order and no more than `size` carts at once."""
    for batch in pq.ParquetFile(path).iter_batches(size):
        yield _open_carts(batch.to_pandas(), specs)


def _open_carts(frame: pd.DataFrame, specs: tuple[Feature, ...]) -> OpenCarts:
    if "items" not in frame:
        nothing: list[list[str]] = [[]] * len(frame)  # one list, since the garbage collector counts many
        return OpenCarts(from_frame(frame, specs), nothing, nothing, frame["cart_value"].astype("float64"))
    return OpenCarts(
        examples=from_frame(frame, specs),
        items=[list(items) for items in frame["items"]],
        bought=[[] if items is None else list(items) for items in frame["bought"]],
        cart_value=frame["cart_value"].astype("float64"),
        events=[list(events) for events in frame["events"]],
        gaps=[list(gaps) for gaps in frame["gaps"]],
    )


def _with_history(fresh: ibis.Table, history: ibis.Table, begin: datetime) -> ibis.Table:
    earlier = history.filter(history.ts < begin)
    # Row numbers order events of the same moment and have to stay unique.
    rows = earlier.row.max().to_pyarrow().as_py() or 0
    return ibis.union(earlier, fresh.mutate(row=fresh.row + rows).select(*earlier.columns))
