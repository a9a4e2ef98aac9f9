"""From a CSV log to examples and sequences: this project beside hand-written DuckDB SQL, pandas and Polars.

    python -m benchmarks.ingest [--quick] [--events N] [--no-peers]

Ours and the SQL write the same tables (events, sessions, examples with every feature, sequences), and it is checked
that they are the same. pandas and Polars do only what ours does in ingest and sessionize (see `ingest_peers`), and
pandas on at most 5 M events, for it holds a log several times over. Each contender runs in a process of its own; time
is that of the work, without imports. `--quick` takes 1 M events and the median of three rounds.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

from benchmarks.harness import Target, finish
from benchmarks.ingest_log import write_log

PANDAS_EVENTS = 5_000_000
TARGETS = (Target("ratio_to_sql", "<=", 1.3), Target("peak_mib", "<=", 3072))
KEYS = {"session_id", "visitor_id", "decision_point", "ts", "session_start", "session_end"}


def main() -> None:
    """Measure, print the table, and finish."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="1 M events")
    parser.add_argument("--events", type=int, help="size of the log (20 M by default)")
    parser.add_argument("--no-peers", action="store_true", help="leave pandas and Polars out")
    options = parser.parse_args()
    events = options.events or (1_000_000 if options.quick else 20_000_000)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.csv"
        write_log(events, log)
        print(f"{events:,} events, {log.stat().st_size / 2**20:,.0f} MiB of CSV")
        print(f"{'':<8}{'events':>12}{'seconds':>10}{'CPU s':>10}{'peak MiB':>10}")
        figures = _against_sql(events, log, rounds=3 if options.quick else 1)
        if not options.no_peers:
            figures |= _peers(events, log)
    finish("ingest", figures, TARGETS)


def _against_sql(events: int, log: Path, rounds: int) -> dict[str, float]:
    runs: dict[str, list[dict[str, Any]]] = {"ours": [], "sql": []}
    for _ in range(rounds):
        for name, taken in runs.items():
            taken.append(_spawn(name, events, log))
    _compare(log.parent / "ours", log.parent / "sql")
    ours, sql = runs["ours"], runs["sql"]
    figures = {f"{name}_seconds": median(sum(one["steps"].values()) for one in taken) for name, taken in runs.items()}
    figures |= {f"ours_{step}_seconds": median(one["steps"][step] for one in ours) for step in ours[0]["steps"]}
    cpu = [median(one["cpu_seconds"] for one in taken) for taken in (ours, sql)]
    return figures | {
        "events": events,
        "ratio_to_sql": figures["ours_seconds"] / figures["sql_seconds"],
        "cpu_ratio_to_sql": cpu[0] / cpu[1],
        "peak_mib": max(one["peak_mib"] for one in ours),
        "sql_peak_mib": max(one["peak_mib"] for one in sql),
    }


def _peers(events: int, log: Path) -> dict[str, float]:
    few = min(events, PANDAS_EVENTS)
    head = log.with_name("head.csv")
    with log.open() as whole, head.open("w") as part:
        part.writelines(line for _, line in zip(range(few + 1), whole, strict=False))
    figures: dict[str, float] = {"pandas_events": few}
    for name, size, path in (("polars", events, log), ("pandas", few, head)):
        taken = _spawn(name, size, path)
        figures |= {f"{name}_seconds": sum(taken["steps"].values()), f"{name}_peak_mib": taken["peak_mib"]}
    return figures


def _spawn(name: str, events: int, log: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.ingest_contenders", name, str(log), str(log.parent / name)]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    taken: dict[str, Any] = json.loads(answer.splitlines()[-1])
    seconds = sum(taken["steps"].values())
    print(f"{name:<8}{events:>12,}{seconds:>10.1f}{taken['cpu_seconds']:>10.1f}{taken['peak_mib']:>10,.0f}", flush=True)
    return taken


def _compare(ours: Path, sql: Path) -> None:
    """Stop unless both wrote the same tables: rows, keys in order, and the sum of every other column."""
    pairs = {
        "events": ("ingest/events", "count(*), sum(row), sum(hash(visitor_id, ts, event, item_id, category, price))"),
        "sessions": ("sessionize/events", "count(*), sum(step), sum(hash(session_id, step, row))"),
        "sequences": ("featurize/sequences", "count(*), sum(hash(session_id, items, events))"),
    }
    with duckdb.connect() as connection:
        for name, (path, figures) in pairs.items():
            mine, other = (
                connection.execute(f"SELECT {figures} FROM '{file}.parquet'").fetchone()
                for file in (ours / path, sql / name)
            )
            _same(name, mine, other)
        files = ours / "featurize" / "examples.parquet", sql / "examples.parquet"
        names = [row[0] for row in connection.execute(f"DESCRIBE FROM '{files[0]}'").fetchall()]
        sums = ", ".join(f"sum({name}::DOUBLE), count({name})" for name in names if name not in KEYS)
        keys = "count(*), sum(hash(session_id, visitor_id, decision_point, ts, session_start, session_end))"
        mine, other = (connection.execute(f"SELECT {keys}, {sums} FROM '{file}'").fetchone() for file in files)
        _same("examples", mine, other)


def _same(name: str, mine: Any, other: Any) -> None:
    if any(abs(a - b) > 1e-6 * max(1, abs(a)) for a, b in zip(mine, other, strict=True)):
        raise AssertionError(f"ours and the SQL wrote different {name}: {mine} and {other}")


if __name__ == "__main__":
    main()
