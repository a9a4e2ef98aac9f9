"""How long a training step of the next-item recommender takes as the catalogue grows.

    python -m benchmarks.catalogue_growth [--quick] [--threads N]

The trainer and loss of `pipeline run` with the default configuration, on synthetic batches of full windows whose items
are drawn evenly: the worst case, since hardly an item comes twice. What is timed is `train_on_batch`, as in training.
The peer is the same trainer with Keras's own Adadelta, which updates the whole table. All sizes and both optimizers
take turns in one process, so that noise from outside meets all of them; of each turn the median step counts, and of
all turns the median and the quartiles are told. The processor time of a step is told as well: on a machine with other
work it is the steadier figure. `--quick` takes fewer and shorter turns.
"""

import argparse
import time
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from benchmarks.harness import Target, finish
from models.config import RecommenderConfig
from models.optimizing.row_rules import RowAdadelta
from models.recommending.network import build_network
from models.recommending.retrieval import SessionTrainer
from models.sessions.vocabulary import Vocabulary

SIZES = {"37k": 37_000, "100k": 100_000, "300k": 300_000, "1m": 1_000_000}
PEER_STEPS = 2
"""Steps of the dense optimizer in a turn; at a million items each takes about a second."""

TARGETS = (Target("step_1m_over_37k", "<=", 1.5),)


class Contender:
    """A trainer over a catalogue of some size, and how long its steps took."""

    def __init__(self, items: int, optimizer: keras.optimizers.Optimizer, steps: int) -> None:
        """Make a trainer of random weights and its batches.

        Args:
            items: V, the size of the catalogue.
            optimizer: what updates the weights.
            steps: steps of a turn.
        """
        config = RecommenderConfig()
        vocabulary = Vocabulary(tuple(map(str, range(items))), np.full(items, 10, dtype=np.int64))
        frequency = np.append(0.0, np.full(items, 1.0 / items))
        network = build_network(vocabulary, config, seed=0)
        self.trainer = SessionTrainer(network, frequency, vocabulary.counts, config)
        self.trainer.compile(optimizer=optimizer, jit_compile=False)
        shape = (config.batch_size // config.max_length, config.max_length + 1)
        rng = np.random.default_rng(1)
        self.batches = [rng.integers(1, items + 1, shape).astype(np.int32) for _ in range(steps)]
        self.wall: list[float] = []
        self.cpu: list[float] = []
        self.turn()
        self.wall.clear()
        self.cpu.clear()  # the first steps trace the graph and make the optimizer's variables

    def turn(self) -> None:
        """Train on each batch once, and keep the median step in ms, by the clock and of the processor."""
        taken = []
        for batch in self.batches:
            start = time.perf_counter(), time.process_time()
            self.trainer.train_on_batch(batch)
            taken.append((time.perf_counter() - start[0], time.process_time() - start[1]))
        wall, cpu = 1_000 * np.median(taken, axis=0)
        self.wall.append(float(wall))
        self.cpu.append(float(cpu))


def growth(sizes: list[int], steps: list[float]) -> tuple[float, float]:
    """Slope of log step over log size, and ms that a million further items cost, by least squares."""
    logs: npt.NDArray[Any] = np.polyfit(np.log(sizes), np.log(steps), 1)
    line: npt.NDArray[Any] = np.polyfit(np.array(sizes) / 1e6, steps, 1)
    return float(logs[0]), float(line[0])


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a form of about a minute")
    parser.add_argument("--threads", type=int, default=1, help="threads of TensorFlow")
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
    turns, steps = (5, 15) if arguments.quick else (15, 30)
    ours = {name: Contender(items, RowAdadelta(1.0), steps) for name, items in SIZES.items()}
    peers = {name: Contender(items, keras.optimizers.Adadelta(1.0), PEER_STEPS) for name, items in SIZES.items()}
    for _ in range(turns):
        for contender in (*ours.values(), *peers.values()):
            contender.turn()
    figures: dict[str, float] = {"threads": arguments.threads}
    for kind, contenders in (("ours", ours), ("keras_adadelta", peers)):
        for name, contender in contenders.items():
            low, middle, high = np.percentile(contender.wall, [25, 50, 75])
            busy = float(np.median(contender.cpu))
            print(
                f"{kind:15s} {name:>5s} items: {middle:9.2f} ms/step ({low:.2f} to {high:.2f} in half of the turns), "
                f"{busy:.2f} ms of the processor"
            )
            figures |= {f"{kind}_{name}_ms": float(middle), f"{kind}_{name}_cpu_ms": busy}
        slope, cost = growth(list(SIZES.values()), [figures[f"{kind}_{name}_ms"] for name in SIZES])
        print(f"{kind:15s} grows as items^{slope:.3f}, by {cost:.2f} ms a million items")
        figures |= {f"{kind}_slope": slope, f"{kind}_ms_per_million": cost}
    # Within a turn both sizes meet the same noise, so that their ratio is steadier than the ratio of their medians.
    for kind, found in (("step", ours), ("peer", peers)):
        figures[f"{kind}_1m_over_37k"] = float(np.median(np.array(found["1m"].wall) / found["37k"].wall))
        figures[f"{kind}_1m_over_37k_cpu"] = float(np.median(np.array(found["1m"].cpu) / found["37k"].cpu))
    figures["peer_over_ours_1m"] = figures["keras_adadelta_1m_ms"] / figures["ours_1m_ms"]
    finish("catalogue_growth", figures, TARGETS)


if __name__ == "__main__":
    main()
