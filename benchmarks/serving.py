"""How fast the next-item recommender answers, over a catalogue of 37,000 items.

    python -m benchmarks.serving [--quick]

The network is that of the default configuration with random weights, which take as long as trained ones. One session
at a time is answered on one core, batches on two, each in a process of its own: latency and rate are of the whole
`Recommender.recommend`, from item ids to named items with the TFRS index between. The peer ranks the same vectors in
the same process exactly by NumPy: one matrix product, `argpartition` and a sort of the best. It finds the items alone,
so it is compared with the index alone. `--quick` repeats less often.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.harness import Target, finish

ITEMS, K = 37_000, 20
SESSIONS = 8_192
BEST = 20 + K
"""Items asked of the index: the wanted ones and the session's own, which may fill its top."""

TARGETS = (
    Target("one_session_p99_ms", "<=", 10.0),
    Target("sessions_per_second", ">=", 5_000.0),
)


def untrained(index: str) -> Any:
    """A recommender of the default configuration with random weights."""
    from models.config import RecommenderConfig
    from models.recommending.network import build_network
    from models.recommending.recommender import Recommender
    from models.recommending.serving import serving_model
    from models.sessions.vocabulary import Vocabulary

    config = RecommenderConfig.model_validate({"index": index})
    counts = (1e6 / np.arange(10, ITEMS + 10)).astype(np.int64)
    vocabulary = Vocabulary(items=tuple(f"{item}" for item in range(ITEMS)), counts=counts)
    return Recommender(serving_model(build_network(vocabulary, config, seed=0), vocabulary, config), vocabulary, config)


def sessions(count: int) -> list[list[str]]:
    """Sessions of 1 to 20 items, the popular ones more often."""
    rng = np.random.default_rng(0)
    return [(ITEMS * rng.random(length) ** 3).astype(int).astype(str).tolist() for length in rng.integers(1, 21, count)]


def milliseconds(call: Callable[[list[list[str]]], object], asked: list[list[str]]) -> npt.NDArray[np.float64]:
    """Time of each call, after fifty that are not counted."""
    taken = []
    for session in asked[:50] + asked:
        start = time.perf_counter()
        call([session])
        taken.append(1_000 * (time.perf_counter() - start))
    return np.array(taken[50:])


def rate(call: Callable[[], object], count: int, repeats: int) -> float:
    """Sessions a second, the best of some repeats after one that is not counted."""
    call()
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return count / min(taken)


def one_by_one(quick: bool) -> dict[str, float]:
    """Latency of one session's list in ms."""
    asked = sessions(500 if quick else 2_000)
    figures: dict[str, float] = {}
    for index, name in (("brute_force", "one_session"), ("streaming", "one_session_streaming")):
        recommender = untrained(index)
        for kind, unseen in ((name, False), (f"{name}_unseen", True)):
            ask = partial(recommender.recommend, k=K, exclude_seen=unseen)
            median, high = np.percentile(milliseconds(ask, asked), [50, 99])
            figures |= {f"{kind}_p50_ms": float(median), f"{kind}_p99_ms": float(high)}
    return figures


def numpy_best(query: npt.NDArray[np.float32], table: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """Positions (n, BEST) of the best items, by NumPy alone."""
    scores = query @ table.T
    best = np.argpartition(scores, -BEST, axis=1)[:, -BEST:]
    order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1, kind="stable")
    found: npt.NDArray[np.int64] = np.take_along_axis(best, order, 1)
    return found


def in_batches(quick: bool) -> dict[str, float]:
    """Sessions a second in batches, of the whole, of the index and of its peer."""
    recommender = untrained("brute_force")
    asked, repeats = sessions(SESSIONS), 2 if quick else 5
    table = recommender.table
    query = np.random.default_rng(1).normal(size=(512, table.shape[1])).astype("float32")
    agree = [
        len(set(a) & set(b)) for a, b in zip(recommender._index(query, BEST)[1], numpy_best(query, table), strict=True)
    ]
    whole = rate(lambda: recommender.recommend(asked, K), SESSIONS, repeats)
    index = rate(lambda: recommender._index(query, BEST), len(query), 5 * repeats)
    peer = rate(lambda: numpy_best(query, table), len(query), repeats)
    return {
        "sessions_per_second": whole,
        "index_queries_per_second": index,
        "numpy_queries_per_second": peer,
        "index_over_numpy": index / peer,
        "index_numpy_agreement": float(np.mean(agree)) / BEST,
    }


PARTS = {"one": (one_by_one, 1), "batches": (in_batches, 2)}
"""What is measured, and on how many cores."""


def measure(part: str, quick: bool) -> dict[str, float]:
    """Figures of one part, from a process that has no more cores than it should."""
    cores = str(PARTS[part][1])
    threads = dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"), cores)
    command = [sys.executable, "-m", "benchmarks.serving", "--part", part, *(["--quick"] if quick else [])]
    process = subprocess.run(
        command, env={**os.environ, **threads, "OPENBLAS_NUM_THREADS": cores}, stdout=subprocess.PIPE, check=True
    )
    figures: dict[str, float] = json.loads(process.stdout.splitlines()[-1])
    return figures


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a form of about a minute")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        function, cores = PARTS[arguments.part]
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
        print(json.dumps(function(arguments.quick)))
        return
    figures = {name: value for part in PARTS for name, value in measure(part, arguments.quick).items()}
    for name, value in figures.items():
        print(f"{name:35s} {value:12.3f}")
    finish("serving", figures, TARGETS)


if __name__ == "__main__":
    main()
