"""What pandas and Polars do with the same log, on the subset that is short to write in both.

The subset: read the CSV with types, assign sessions by the gap, number each session's events, and write the events as
Parquet (zstd) in the order of the log. That is ingest and sessionize, without quarantine and duplicates.
"""

from datetime import timedelta
from pathlib import Path

GAP = timedelta(minutes=30)


def by_pandas(log: Path, out: Path) -> int:
    """The subset in pandas; the number of sessions."""
    import pandas as pd

    events = pd.read_csv(log, parse_dates=["time"], date_format="%Y-%m-%d %H:%M:%S.%f")
    events["row"] = range(1, len(events) + 1)
    events = events.sort_values(["visitor", "time", "row"], ignore_index=True)
    start = (events["visitor"] != events["visitor"].shift()) | (events["time"].diff() > GAP)
    number = start.cumsum()
    events["step"] = events.groupby(number, sort=False).cumcount().astype("int32")
    of_visitor = start.groupby(events["visitor"], sort=False).cumsum()
    events["session_id"] = events["visitor"] + "#" + of_visitor.astype(str)
    events.sort_values("row").to_parquet(out / "pandas.parquet", compression="zstd", index=False)
    return int(number.iloc[-1])


def by_polars(log: Path, out: Path) -> int:
    """The subset in Polars, lazily; the number of sessions."""
    import polars as pl

    texts = dict.fromkeys(("visitor", "time", "event", "item", "category"), pl.String)
    start = (pl.col("visitor") != pl.col("visitor").shift()) | (pl.col("time").diff() > GAP)
    events = (
        pl.scan_csv(log, schema={**texts, "price": pl.Float64})
        .with_columns(pl.col("time").str.to_datetime("%Y-%m-%d %H:%M:%S%.f"))
        .with_row_index("row", offset=1)
        .sort("visitor", "time", "row")
        .with_columns(start=start.fill_null(True))
        .with_columns(number=pl.col("start").cum_sum(), of_visitor=pl.col("start").cum_sum().over("visitor"))
        .with_columns(
            step=pl.int_range(pl.len(), dtype=pl.Int32).over("number"),
            session_id=pl.col("visitor") + "#" + pl.col("of_visitor").cast(pl.String),
        )
        .sort("row")
        .drop("start", "of_visitor")
        .collect()
    )
    events.drop("number").write_parquet(out / "polars.parquet", compression="zstd")
    return int(events.select(pl.col("number").max()).item())
