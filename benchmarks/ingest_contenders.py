"""One contender of the ingest benchmark, run in a process of its own; prints what it took as a line of JSON.

python -m benchmarks.ingest_contenders NAME LOG OUT
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.ingest_peers import by_pandas, by_polars
from benchmarks.ingest_sql import run as run_sql
from data.config import EngineConfig, FeatureConfig, IngestConfig, SessionConfig, SourceConfig
from data.featurize import featurize
from data.raw.ingest import ingest
from data.sessions import write_sessions

ENGINE = EngineConfig()
SOURCE = SourceConfig(
    columns={
        "visitor_id": "visitor", "ts": "time", "event": "event", "item_id": "item", "category": "category",
        "price": "price",
    },
    events={"view": "view", "cart": "cart", "remove": "uncart", "purchase": "purchase"},
)  # fmt: skip
Steps = dict[str, Callable[[], object]]


def _ours(log: Path, out: Path) -> Steps:
    for stage in ("ingest", "sessionize", "featurize"):
        (out / stage).mkdir(parents=True, exist_ok=True)
    events, sessions = out / "ingest" / "events.parquet", out / "sessionize" / "events.parquet"
    return {
        "ingest": lambda: ingest(SOURCE, IngestConfig(), ENGINE, log, out / "ingest"),
        "sessionize": lambda: write_sessions(events, SessionConfig(), ENGINE, out / "sessionize"),
        "featurize": lambda: featurize(sessions, FeatureConfig(), SessionConfig(), ENGINE, out / "featurize"),
    }


def _sql(log: Path, out: Path) -> Steps:
    return {"all": lambda: run_sql(log, out, ENGINE.memory_limit_mib)}


def _pandas(log: Path, out: Path) -> Steps:
    return {"all": lambda: by_pandas(log, out)}


def _polars(log: Path, out: Path) -> Steps:
    return {"all": lambda: by_polars(log, out)}


def main() -> None:
    """Run the contender named on the command line."""
    name, log, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    out.mkdir(exist_ok=True)
    taken = {}
    before = time.process_time()
    for step, do in {"ours": _ours, "sql": _sql, "pandas": _pandas, "polars": _polars}[name](log, out).items():
        begin = time.perf_counter()
        do()
        taken[step] = time.perf_counter() - begin
    print(json.dumps({"steps": taken, "cpu_seconds": time.process_time() - before, "peak_mib": _peak_mib()}))


def _peak_mib() -> float:
    # Linux's own high-water mark; getrusage's starts at what the parent process held when it forked.
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
