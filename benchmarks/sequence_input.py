"""How the recommender's training reads its sessions: memory and speed, from files and from memory, and its batches.

    python -m benchmarks.sequence_input [--quick]

Synthetic sessions are written as the split stage writes them. A process of its own reads them, makes the vocabulary and
the windows and goes through one epoch of batches: once with the events in files (`streamed`, as the train stage does),
once with all in memory. Peaks are those of the process less what its imports took. Two numbers of sessions give the
bytes that each further session costs; sessions three times as long give the bytes of each further event.

Batches of whole windows of like length, as training makes them, are compared with session-parallel ones (GRU4Rec;
Hidasi et al. 2016, arXiv:1511.06939): as many sessions as a batch has targets side by side, one step of each at a time,
the state carried on. Both go forwards and backwards through the same Keras GRU layer, 512 targets an update. The
network itself can be trained by whole windows alone: it looks back at all the events of a session, not at a state.
Speeds are by second of processor time, which other work on the machine does not stretch.
`--quick` reads fewer sessions.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.harness import Target, finish

SIZES, QUICK_SIZES = (1_000_000, 4_000_000), (100_000, 400_000)
ITEMS, BLOCK = 50_000, 100_000
BATCH, LENGTH, DIMENSION = 512, 20, 64
TARGETS = (
    Target("streamed_bytes_per_session", "<=", 160.0),
    Target("streamed_bytes_per_event", "<=", 4.0),
    Target("streamed_over_memory_speed", ">=", 0.5),
    Target("bucketed_padding", "<=", 0.05),
)


def write(path: Path, sessions: int, mean: float = 5.0, seed: int = 0) -> None:
    """Sessions of 1 to 50 events over 50,000 items, the popular ones more often."""
    rng = np.random.default_rng(seed)
    names = pa.array([f"item-{place:06d}" for place in range(ITEMS)])
    kinds = pa.array(["view", "cart", "purchase"])
    with pq.ParquetWriter(path, _schema()) as file:
        for first in range(0, sessions, BLOCK):
            count = min(BLOCK, sessions - first)
            lengths = np.minimum(rng.geometric(1.0 / mean, count), 50)
            offsets = pa.array(np.append(0, np.cumsum(lengths)).astype(np.int32))
            size = int(lengths.sum())
            items = names.take(pa.array((ITEMS * rng.random(size) ** 3).astype(np.int64)))
            events = kinds.take(pa.array(rng.choice(3, size, p=[0.9, 0.07, 0.03])))
            gaps = pa.array(rng.exponential(60.0, size).astype(np.float32))
            rows = [
                pa.array([f"session-{place:010d}" for place in range(first, first + count)]),
                pa.array(np.arange(first, first + count) * 1_000_000, pa.timestamp("us")),
                *(pa.ListArray.from_arrays(offsets, values) for values in (items, events, gaps)),
            ]
            file.write_table(pa.table(rows, schema=_schema()))


def _schema() -> Any:
    lists = {"items": pa.string(), "events": pa.string(), "gaps": pa.float32()}
    plain = {"session_id": pa.string(), "session_start": pa.timestamp("us")}
    return pa.schema([*plain.items(), *((name, pa.list_(kind)) for name, kind in lists.items())])


def read(path: Path, streamed: bool) -> dict[str, float]:
    """Peak memory and events a second of reading and of one epoch of batches."""
    from models.recommending.cases import make_windows
    from models.recommending.fitting import Batches
    from models.sessions.sequences import read_sequences
    from models.sessions.vocabulary import build_vocabulary

    imports = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    sequences = read_sequences(path, path.parent if streamed else None)
    windows = make_windows(sequences, build_vocabulary(sequences, 2), LENGTH)
    middle = time.process_time()
    batches = Batches(windows, BATCH, seed=0, shuffle=True)
    cells = events = 0
    for batch in batches():
        cells += batch.ids.size
        events += int((batch.ids > 0).sum())
    end = time.process_time()
    total = len(sequences.codes)
    return {
        "events": total,
        "read_events_per_second": total / (middle - start),
        "batch_events_per_second": events / (end - middle),
        "events_per_second": total / (end - start),
        "peak_rss_mib": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - imports) / 1024,
        "imports_rss_mib": imports / 1024,
        "padding": 1.0 - events / cells,
        "padding_unsorted": 1.0 - events / _unsorted(windows.lengths),
    }


def _unsorted(lengths: npt.NDArray[np.int32]) -> int:
    """Cells of batches of the same size whose windows are of any length."""
    mixed = np.random.default_rng(0).permutation(lengths)
    cuts = np.flatnonzero(np.diff((np.cumsum(mixed - 1) - (mixed - 1)) // BATCH)) + 1
    return sum(len(part) * int(part.max()) for part in np.split(mixed, cuts))


def through_gru(path: Path, seconds: float) -> dict[str, float]:
    """Targets a second through one GRU layer, by whole windows and session-parallel."""
    import keras
    import tensorflow as tf

    from models.recommending.cases import Windows, make_windows
    from models.recommending.fitting import Batches
    from models.sessions.sequences import read_sequences
    from models.sessions.vocabulary import build_vocabulary

    sequences = read_sequences(path, path.parent)
    windows: Windows = make_windows(sequences, build_vocabulary(sequences, 2), LENGTH)
    items = keras.layers.Embedding(ITEMS + 1, DIMENSION)
    layer = keras.layers.GRU(DIMENSION, return_sequences=True, return_state=True)
    layer.build((None, None, DIMENSION))
    items.build(())

    def both_ways(ids: Any, real: Any, state: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            states, last = layer(items(ids), initial_state=state)
            loss = tf.reduce_sum(tf.where(real[..., None], states, 0.0) ** 2)
        return last, tape.gradient(loss, [*layer.trainable_weights, *items.trainable_weights])

    step = tf.function(both_ways, reduce_retracing=True)

    def bucketed() -> Iterator[tuple[Any, Any, Any]]:
        for batch in Batches(windows, BATCH, seed=0, shuffle=True)():
            yield batch.ids[:, :-1], batch.ids[:, 1:] > 0, np.zeros((len(batch.ids), DIMENSION), np.float32)

    def parallel() -> Iterator[tuple[Any, Any, Any]]:
        for events, opens in _lanes(windows):
            yield windows.events.ids[events][:, None], np.ones((BATCH, 1), bool), opens

    figures = {}
    for name, batches in (("bucketed", bucketed()), ("session_parallel", parallel())):
        done, state, began = 0, np.zeros((BATCH, DIMENSION), np.float32), 0.0
        for number, (ids, real, start) in enumerate(batches):
            state = tf.where(start[:, None], 0.0, state) if start.ndim == 1 else start
            state, _ = step(tf.constant(ids), tf.constant(real), tf.constant(state))
            if number == WARM:
                began = time.process_time()
            done += int(real.sum()) if number > WARM else 0
            if began and time.process_time() - began > seconds:
                break
        figures[f"{name}_targets_per_second"] = done / (time.process_time() - began)
    return figures


WARM = 60
"""Batches that are not timed: shapes are traced in the first ones."""


def _lanes(windows: Any) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]]:
    """Events that `BATCH` lanes are at, and which of them begin a window; a lane takes one window after the other."""
    events, opens = [], []
    share = min(len(windows) // BATCH, 100)
    for lane in range(BATCH):
        rows = slice(lane * share, (lane + 1) * share)
        inputs = windows.lengths[rows] - 1
        place = np.arange(inputs.sum()) - np.repeat(np.cumsum(inputs) - inputs, inputs)
        events.append(np.repeat(windows.starts[rows], inputs) + place)
        opens.append(place == 0)
    steps = min(map(len, events))
    together = (np.stack([lane[:steps] for lane in lanes], axis=1) for lanes in (events, opens))
    yield from zip(*together, strict=True)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a form of about a minute")
    parser.add_argument("--part", choices=("streamed", "memory", "gru"), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part == "gru":
        print(json.dumps(through_gru(arguments.file, 5.0 if arguments.quick else 30.0)))
        return
    if arguments.part:
        print(json.dumps(read(arguments.file, arguments.part == "streamed")))
        return
    figures: dict[str, float] = {}
    small, large = QUICK_SIZES if arguments.quick else SIZES
    with tempfile.TemporaryDirectory() as folder:
        for name, size, mean in (("small", small, 5.0), ("large", large, 5.0), ("long", small, 15.0)):
            file = Path(folder) / f"{name}.parquet"
            write(file, size, mean)
            figures[f"{name}_sessions"] = size
            for part in ("streamed", "memory"):
                for figure, value in measure(part, file, arguments.quick).items():
                    figures[f"{part}_{name}_{figure}"] = value
        figures |= measure("gru", Path(folder) / "small.parquet", arguments.quick)
    for part in ("streamed", "memory"):
        peak = {name: figures[f"{part}_{name}_peak_rss_mib"] * 2**20 for name in ("small", "large", "long")}
        further = figures[f"{part}_long_events"] - figures[f"{part}_small_events"]
        figures[f"{part}_bytes_per_session"] = (peak["large"] - peak["small"]) / (large - small)
        figures[f"{part}_bytes_per_event"] = (peak["long"] - peak["small"]) / further
    speeds = [figures[f"{part}_large_events_per_second"] for part in ("streamed", "memory")]
    figures["streamed_over_memory_speed"] = speeds[0] / speeds[1]
    figures["bucketed_padding"] = figures["streamed_large_padding"]
    figures["bucketed_over_session_parallel"] = (
        figures["bucketed_targets_per_second"] / figures["session_parallel_targets_per_second"]
    )
    for figure, value in figures.items():
        print(f"{figure:45s} {value:14.3f}")
    finish("sequence_input", figures, TARGETS)


def measure(part: str, file: Path, quick: bool) -> dict[str, float]:
    """Figures of one part, from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.sequence_input", "--part", part, "--file", str(file)]
    process = subprocess.run([*command, *(["--quick"] if quick else [])], stdout=subprocess.PIPE, check=True)
    figures: dict[str, float] = json.loads(process.stdout.splitlines()[-1])
    return figures


if __name__ == "__main__":
    main()
