"""Which examples train, choose and test."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import ibis
import pandas as pd

from data.config import EngineConfig, SplitConfig
from data.engine import engine, read_parquet, write_parquet
from data.errors import InputError
from data.splitting.sides import SIDES, Boundaries, Kind, choose, on_side


def split_examples(
    folder: Path, config: SplitConfig, out: Path, engine_config: EngineConfig | None = None
) -> dict[str, Any]:
    """Write `train.parquet`, `validation.parquet`, `test.parquet`, `features.json` and `split.json`.

    By time, whole sessions: a session belongs where it starts, and one that crosses a boundary is dropped from the
    earlier side. By group, whole visitors: a hash of the visitor's id and the seed. Where the folder has sequences (of
    sessions, or of examples), they are cut in the same way, to `sequences_train.parquet` and its siblings.

    Args:
        folder: `examples.parquet`, `features.json` and, where there are items, `sequences.parquet` and
            `example_sequences.parquet`.
        config: shares, and by what to split.
        out: existing folder to write to.
        engine_config: the SQL engine.

    Returns:
        What `split.json` holds.

    Raises:
        InputError: split by time without times, or a side that lacks one of the labels.
    """
    with (
        tempfile.TemporaryDirectory(dir=out) as scratch,
        # The examples are in order already, and stay so.
        engine(engine_config or EngineConfig(), Path(scratch), keep_order=True) as backend,
    ):
        examples = read_parquet(backend, folder / "examples.parquet")
        cut, facts = _choose_examples(examples, config)
        sides = {side: examples.filter(on_side(examples, side, cut, config)) for side in SIDES}
        for side, rows in sides.items():
            write_parquet(rows, out / f"{side}.parquet")
        for name in ("sequences", "example_sequences"):
            if not (folder / f"{name}.parquet").exists():
                continue
            sequences = read_parquet(backend, folder / f"{name}.parquet")
            for side in SIDES:
                write_parquet(sequences.filter(on_side(sequences, side, cut, config)), out / f"{name}_{side}.parquet")
    shutil.copyfile(folder / "features.json", out / "features.json")
    (out / "split.json").write_text(json.dumps(facts, indent=1) + "\n")
    return facts


def _choose_examples(examples: ibis.Table, config: SplitConfig) -> tuple[Boundaries | None, dict[str, Any]]:
    wholes = examples.select(_whole(examples).name("whole"), "session_start", "session_end").distinct()
    spans = wholes.to_pyarrow().to_pandas()
    if config.by == "time" and spans["session_start"].isna().any():
        raise InputError(
            '`split.by` is "time", but the examples have none. Name the column in `source.time`, or split by "group".'
        )
    kind = Kind(_count, lambda count: count["abandoned"] in (0, count["examples"]), _refusal)
    return choose(examples, spans["session_start"], int(spans["whole"].nunique()), config, kind)


def _whole(rows: ibis.Table) -> ibis.Value:
    """What is never parted: the session, or the group in a feature table."""
    return rows.session_id.fill_null(rows.visitor_id)


def _count(rows: ibis.Table) -> dict[str, Any]:
    row = rows.agg(
        examples=rows.count(),
        sessions=_whole(rows).nunique(),
        abandoned=rows.abandoned.cast("int64").sum().fill_null(0),
        begin=rows.session_start.min(),
        end=rows.session_start.max(),
    ).to_pyarrow().to_pandas().iloc[0]  # fmt: skip
    examples, abandoned = int(row["examples"]), int(row["abandoned"])
    return {
        "examples": examples,
        "sessions": int(row["sessions"]),
        "abandoned": abandoned,
        "abandoned_share": abandoned / examples if examples else None,
        "from": None if pd.isna(row["begin"]) else row["begin"].isoformat(),
        "to": None if pd.isna(row["end"]) else row["end"].isoformat(),
    }


def _refusal(facts: dict[str, Any], poor: list[str]) -> str:
    lines = "\n".join(
        f"  {side:<10} {count['examples']:>9,} examples, {count['abandoned']:,} abandoned, "
        f"{count['examples'] - count['abandoned']:,} bought"
        for side, count in facts["counts"].items()
    )
    return (
        f"The split by {facts['by']} leaves {' and '.join(poor)} without abandoned or without bought carts; each side "
        f"needs both:\n{lines}"
    )
