"""What watching the gradients costs: `python -m benchmarks.gradient_health [--quick]`.

The default abandonment network on 63,000 made-up rows of 120 encoded columns, an epoch watched and one unwatched in
turn, by the same loop as in training; the share of dead units is measured after each epoch, as there. Time is that of
the processor, which other work on the machine hardly touches; the overhead is the median over the pairs.
"""

import argparse
import time

import keras
import numpy as np

from benchmarks.harness import Target, finish
from models import blocks
from models.config import AbandonmentConfig
from models.fitting import STEPS_PER_EXECUTION, ArrayEpochs, Epochs, seed_everything
from models.gradient_health import GradientWatch, WatchedEpochs
from models.objective import make_loss
from models.optimizing.optimizers import make_optimizer

ROWS, COLUMNS = 63_000, 120
TARGETS = (Target("overhead", "<=", 0.10),)


def main() -> None:
    """Print seconds per epoch and the overhead."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="7 pairs of epochs instead of 25")
    pairs = 7 if parser.parse_args().quick else 25
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    labels = (generator.random((ROWS, 1)) < 1 / (1 + np.exp(-inputs[:, :1]))).astype(np.float32)
    plain, watched = (training(inputs, labels, watching) for watching in (False, True))
    compiling = [seconds(plain, 0), seconds(watched, 0)]
    times = np.array([[seconds(plain, epoch), seconds(watched, epoch)] for epoch in range(1, pairs + 1)])
    least, median = times.min(axis=0), np.median(times, axis=0)
    print(f"{'':12}{'first epoch':>12}{'least':>10}{'median':>10}   seconds of the processor")
    for place, name in enumerate(("unwatched", "watched")):
        print(f"{name:12}{compiling[place]:>12.2f}{least[place]:>10.3f}{median[place]:>10.3f}")
    figures = {
        "seconds_unwatched": float(least[0]),
        "seconds_watched": float(least[1]),
        "first_epoch_more": compiling[1] - compiling[0],
        "overhead": float(np.median(times[:, 1] / times[:, 0]) - 1.0),
    }
    finish("gradient_health", figures, TARGETS)


def training(inputs: np.ndarray, labels: np.ndarray, watching: bool) -> Epochs:
    """Epochs of the default network."""
    seed_everything(0)
    config = AbandonmentConfig()
    start = keras.Input((COLUMNS,))
    hidden = blocks.scaled(start, inputs, config)
    for number, units in enumerate(config.units):
        hidden = blocks.block(hidden, units, number, config)
    model = keras.Model(start, blocks.logit(hidden, config))
    optimizer = make_optimizer(config.optimizer, config.weight_average * ROWS / config.batch_size)
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, make_loss(config), steps_per_execution=STEPS_PER_EXECUTION)
    epochs = ArrayEpochs(model, inputs, labels, config.batch_size, seed=0)
    return WatchedEpochs(epochs, GradientWatch(model, inputs[:1024])) if watching else epochs


def seconds(epochs: Epochs, epoch: int) -> float:
    """Processor time of one epoch."""
    start = time.process_time()
    epochs(epoch)
    return time.process_time() - start


if __name__ == "__main__":
    main()
