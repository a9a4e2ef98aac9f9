"""Which item sequences train, choose and test, where there are no examples to go by."""

import json
import tempfile
from pathlib import Path
from typing import Any

import ibis
import pandas as pd

from data.config import EngineConfig, SplitConfig
from data.engine import engine, read_parquet, write_parquet
from data.splitting.sides import SIDES, Kind, choose, on_side


def split_sequences(
    folder: Path, config: SplitConfig, out: Path, engine_config: EngineConfig | None = None
) -> dict[str, Any]:
    """Write `sequences_train.parquet`, its two siblings and `split.json`.

    As examples are split: by time, whole sessions, a session that crosses a boundary dropped from the earlier side; or
    by a hash of the visitor's id and the seed. The shares are shares of the sessions.

    Args:
        folder: `sequences.parquet`.
        config: shares, and by what to split.
        out: existing folder to write to.
        engine_config: the SQL engine.

    Returns:
        What `split.json` holds; its counts are `sessions` and `usable`, those with a next item to guess.

    Raises:
        InputError: a side without a usable session.
    """
    with (
        tempfile.TemporaryDirectory(dir=out) as scratch,
        # The sequences are in order already, and stay so.
        engine(engine_config or EngineConfig(), Path(scratch), keep_order=True) as backend,
    ):
        sequences = read_parquet(backend, folder / "sequences.parquet")
        starts = sequences.select("session_start").to_pyarrow().to_pandas()["session_start"]
        kind = Kind(_count, lambda count: count["usable"] == 0, _refusal)
        cut, facts = choose(sequences, starts, len(starts), config, kind)
        for side in SIDES:
            rows = sequences.filter(on_side(sequences, side, cut, config))
            write_parquet(rows, out / f"sequences_{side}.parquet")
    (out / "split.json").write_text(json.dumps(facts, indent=1) + "\n")
    return facts


def _count(rows: ibis.Table) -> dict[str, Any]:
    row = rows.agg(
        sessions=rows.count(),
        usable=(rows["items"].length() >= 2).cast("int64").sum().fill_null(0),
        begin=rows.session_start.min(),
        end=rows.session_start.max(),
    ).to_pyarrow().to_pandas().iloc[0]  # fmt: skip
    return {
        "sessions": int(row["sessions"]),
        "usable": int(row["usable"]),
        "from": None if pd.isna(row["begin"]) else row["begin"].isoformat(),
        "to": None if pd.isna(row["end"]) else row["end"].isoformat(),
    }


def _refusal(facts: dict[str, Any], poor: list[str]) -> str:
    lines = "\n".join(
        f"  {side:<10} {count['sessions']:>9,} sessions, {count['usable']:,} of two events or more"
        for side, count in facts["counts"].items()
    )
    return (
        f"The split by {facts['by']} leaves {' and '.join(poor)} without a session of two item events; each side needs "
        f"some:\n{lines}"
    )
