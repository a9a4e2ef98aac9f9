"""How many open carts `score` judges a second, with reasons and items and without.

    python -m benchmarks.score [--quick] [--workdir D]

A demo run is made (or the one in D is taken), and a fresh log of the demo shop. Two things are timed: the whole of
`score` in parts, from the log's file to the last part, without TensorFlow's import, which is held to the targets; and
the judging of its carts alone, repeated until they fill a part, after a pass that is not counted. `load_before` is the
machine's load average when it began: above 1 the figures are of a machine that does other things too, and the processor
time tells more than they do.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.harness import Target, demo_run, finish
from data.open_carts import OpenCarts, read_open_carts
from pipeline.rescue import Rescuer, write_carts
from pipeline.rescue_parts import write_parts
from pipeline.runner import read_config

SMALL = (
    "demo.sessions=6000", "tune.trials=2", "tune.epochs=4", "abandonment.epochs=8", "recommender.epochs=2",
    "tracking.enabled=false",
)  # fmt: skip
TARGETS = (Target("whole_plain_per_second", ">=", 20_000.0), Target("whole_fully_per_second", ">=", 1_000.0))


def repeated(carts: OpenCarts, count: int) -> OpenCarts:
    """So many carts, the same ones again and again."""
    rows = np.resize(np.arange(len(carts.items)), count)
    assert carts.events is not None
    assert carts.gaps is not None
    return replace(
        carts,
        examples=carts.examples.take(rows),
        items=[carts.items[row] for row in rows],
        bought=[carts.bought[row] for row in rows],
        events=[carts.events[row] for row in rows],
        gaps=[carts.gaps[row] for row in rows],
        cart_value=pd.Series(carts.cart_value.to_numpy()[rows]),
    )


def rate(rescuer: Rescuer, carts: OpenCarts) -> float:
    """Carts judged a second."""
    rescuer(repeated(carts, 64))
    begin = time.perf_counter()
    rescuer(carts)
    return len(carts.items) / (time.perf_counter() - begin)


def measure(workdir: Path, home: Path, quick: bool) -> dict[str, float]:
    """All figures."""
    sessions = 10_000 if quick else 200_000
    command = [sys.executable, "-m", "pipeline", "demo-data", str(home / "fresh"), "--sessions", str(sessions)]
    subprocess.run([*command, "--seed", "99"], check=True, stdout=sys.stderr)
    log, config = home / "fresh" / "events.parquet", read_config(workdir)
    write_carts(config, workdir, log, home / "carts.parquet", home)
    plain, full = Rescuer(config, workdir, reasons=False, items=False), Rescuer(config, workdir)
    carts = read_open_carts(home / "carts.parquet", plain.specs)
    whole, processor = {}, {}
    for name, more in (("plain", False), ("fully", True)):
        begin, used = time.perf_counter(), time.process_time()
        write_parts(config, workdir, log, home / name, more, more, lambda _: None)
        whole[name], processor[name] = time.perf_counter() - begin, time.process_time() - used
    return {
        "judged_plain_per_second": rate(plain, repeated(carts, 50_000)),
        "judged_fully_per_second": rate(full, repeated(carts, 1_000 if quick else 10_000)),
        "carts": float(len(carts.items)),
        "events": float(len(pd.read_parquet(log, columns=["ts"]))),
        **{f"whole_{name}_per_second": len(carts.items) / seconds for name, seconds in whole.items()},
        **{f"whole_{name}_processor_seconds": seconds for name, seconds in processor.items()},
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a form of about a minute beside the run")
    parser.add_argument("--workdir", type=Path, help="a demo run to take")
    arguments = parser.parse_args()
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        workdir = arguments.workdir or demo_run(Path(folder), SMALL)
        figures = measure(workdir, Path(folder), arguments.quick)
    figures["load_before"] = before
    for name, value in figures.items():
        print(f"{name:30s} {value:12.1f}")
    finish("score", figures, TARGETS)


if __name__ == "__main__":
    main()
