"""The carts of a fresh log that may still be lost, with the features the models were trained on."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import ibis
import pandas as pd

from data.config import EngineConfig, IngestConfig, SessionConfig, SourceConfig
from data.engine import engine, read_parquet, write_parquet
from data.errors import InputError
from data.examples import Examples, from_frame
from data.feature import Feature
from data.features.at import features_at
from data.features.points import open_carts
from data.ingest import ingest
from data.purchases import purchases
from data.sequences import item_sequences
from data.sessions import sessionize


@dataclass(frozen=True)
class OpenCarts:
    """The last moment of every session with an open cart, n of them."""

    examples: Examples
    """Features as of each session's last event; the labels mean nothing."""

    items: list[list[str]]
    """Items of each session's events, oldest first."""

    bought: list[list[str]]
    """Items that each session's visitor has bought, in this log or before, in alphabetical order."""

    cart_value: pd.Series
    """(n,) value of what is in the cart, in the shop's currency; NaN where a price is unknown."""

    events: list[list[str]] | None = None
    """Kinds of each session's events, beside `items`; None where the source has no events."""

    gaps: list[list[float]] | None = None
    """Seconds since the session's previous event of each, beside `items`, 0 for the first."""


def read_open_carts(
    source: SourceConfig,
    rules: IngestConfig,
    session: SessionConfig,
    config: EngineConfig,
    path: Path,
    history: Path | None,
    specs: tuple[Feature, ...],
    scratch: Path,
) -> OpenCarts:
    """Ingest a fresh log and give its open carts.

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
        specs: the features the model takes.
        scratch: folder for temporary files.

    Raises:
        InputError: the log cannot be read, or has no open cart.
    """
    with tempfile.TemporaryDirectory(dir=scratch) as folder, engine(config, Path(folder)) as backend:
        out = Path(folder) / "ingest"
        out.mkdir()
        ingest(source, rules, config, path, out, quarantine_copy=scratch / "quarantine.parquet")
        fresh = read_parquet(backend, out / "events.parquet")
        begin = fresh.ts.min().to_pyarrow().as_py()
        events = fresh if history is None else _with_history(fresh, read_parquet(backend, history), begin)
        kept = Path(folder) / "sessions.parquet"
        write_parquet(sessionize(events, session), kept, sort_by=["row"])
        sessions = read_parquet(backend, kept)
        recent = sessions.filter(sessions.ts >= begin).select("session_id").distinct()
        points = open_carts(sessions).semi_join(recent, "session_id")
        frame = features_at(sessions, points).order_by("session_id").to_pandas()
        if frame.empty:
            raise InputError(f"{path} has no open cart: every session without a purchase has no cart event either.")
        opened = sessions.semi_join(points, "session_id")
        told = item_sequences(opened).to_pandas().set_index("session_id").loc[frame["session_id"]]
        owners = opened.select("visitor_id").distinct()
        sold = purchases(sessions).semi_join(owners, "visitor_id").order_by("visitor_id", "item_id").to_pandas()
    by_visitor = sold.groupby("visitor_id")["item_id"].agg(list).to_dict()
    return OpenCarts(
        examples=from_frame(frame, specs),
        items=[list(items) for items in told["items"]],
        bought=[by_visitor.get(visitor, []) for visitor in frame["visitor_id"]],
        cart_value=frame["cart_value"].astype("float64"),
        events=[list(events) for events in told["events"]],
        gaps=[list(gaps) for gaps in told["gaps"]],
    )


def _with_history(fresh: ibis.Table, history: ibis.Table, begin: object) -> ibis.Table:
    earlier = history.filter(history.ts < begin)
    # Row numbers order events of the same moment and have to stay unique.
    later = fresh.mutate(row=fresh.row + earlier.row.max().fill_null(0).as_scalar())
    return ibis.union(earlier, later.select(*earlier.columns))
