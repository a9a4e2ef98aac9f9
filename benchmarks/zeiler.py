"""Whether the update rules depend on their settings as Zeiler found: his tables of MNIST test errors, trained again.

    python -m benchmarks.zeiler [--data FILE] [--quick]

Zeiler 2012 (arXiv:1212.5701) trains two hidden layers of 500 and 300 units and a softmax for 6 epochs in mini-batches
of 100 images. Section 4.2 compares settings with rectified linear units, section 4.1 has tanh; here both are trained.
All trainings have the same order of images and, by activation, the same initial weights (He's for rectified units,
Glorot's for tanh; the paper names none); pixels are from 0 to 1, momentum is .9. A network whose weights are no numbers
any more counts as one that answers 0. Nothing is chosen by the test images: all that was trained is told. Of the
paper's tables SGD's and momentum's columns are repeated, and the ends of AdaGrad's and Adadelta's. `--quick` is one
epoch of rectified units, without targets.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from benchmarks.harness import Target, finish
from data.digits import Digits, read_digits
from models.config import DigitsConfig, OptimizerConfig
from models.digits.network import build_digits
from models.optimizing.optimizers import make_optimizer

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "mnist" / "mnist.npz"

RATES = (1.0, 1e-1, 1e-2, 1e-3, 1e-4)
RHOS, EPSILONS = (0.9, 0.95, 0.99), (1e-2, 1e-4, 1e-6, 1e-8)
PAPER = {"sgd": (2.26, 2.51, 7.02, 17.01, 58.10), "momentum": (89.68, 2.03, 2.68, 6.98, 16.98)}
"""Test errors of the paper in percent, at each of `RATES`."""
PAPER_ENDS = {"adagrad": (1.79, 43.76), "adadelta": (1.83, 2.59)}
"""Least and greatest test error of the paper, in percent, over the same settings."""

EPOCHS, BATCH = 6, 100
TARGETS = tuple(
    Target(f"{activation}_adadelta_{figure}", "<=", bound)
    for activation in ("relu", "tanh")
    for figure, bound in (("spread_over_next", 1.0), ("worst_over_next", 1.0), ("best_behind", 0.5))
)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="the digits, an .npz file")
    parser.add_argument("--quick", action="store_true", help="a form of about a minute")
    arguments = parser.parse_args()
    train, test = read_digits(arguments.data)
    figures: dict[str, float] = {}
    for activation in ("relu",) if arguments.quick else ("relu", "tanh"):
        started = time.process_time()
        config = DigitsConfig.model_validate({"units": (500, 300), "activation": activation})
        errors: dict[str, list[float]] = {}
        for optimizer in _optimizers():
            error = _error(
                config.model_copy(update={"optimizer": optimizer}), train, test, 1 if arguments.quick else EPOCHS
            )
            errors.setdefault(optimizer.name, []).append(error)
            figures[f"{activation}_{_setting(optimizer)}"] = error
            print(f"{activation}  {_setting(optimizer):<24} {error:6.2f}%", flush=True)
        figures |= {f"{activation}_{name}": value for name, value in _compared(errors).items()}
        figures[f"{activation}_processor_seconds"] = time.process_time() - started
        _tell(activation, errors)
    finish("zeiler", figures, () if arguments.quick else TARGETS)


def _optimizers() -> Iterator[OptimizerConfig]:
    for name in ("sgd", "momentum", "adagrad"):
        for rate in RATES:
            yield OptimizerConfig.model_validate({"name": name, "learning_rate": rate})
    for rho in RHOS:
        for epsilon in EPSILONS:
            yield OptimizerConfig(name="adadelta", rho=rho, epsilon=epsilon)


def _setting(config: OptimizerConfig) -> str:
    how = f"{config.rho:g}_{config.epsilon:g}" if config.name == "adadelta" else f"{config.learning_rate:g}"
    return f"{config.name}_{how}"


def _error(config: DigitsConfig, train: Digits, test: Digits, epochs: int) -> float:
    """Test error in percent after some epochs."""
    keras.utils.set_random_seed(0)
    network = build_digits(config, train.images.shape[1])
    optimizer = make_optimizer(config.optimizer)
    optimizer.build(network.trainable_variables)
    epoch = _epoch(network, optimizer, train)
    rng = np.random.default_rng(0)
    for _ in range(epochs):
        epoch(tf.constant(rng.permutation(len(train))[: len(train) // BATCH * BATCH].reshape(-1, BATCH)))
    answers = np.argmax(network(test.images), axis=1)
    return 100.0 * int(np.count_nonzero(answers != test.labels)) / len(test)


def _epoch(network: keras.Model, optimizer: keras.optimizers.Optimizer, train: Digits) -> Callable[[tf.Tensor], None]:
    """One pass, compiled as a whole: takes (steps, BATCH) rows of the training digits."""
    images, labels, variables = tf.constant(train.images), tf.constant(train.labels), network.trainable_variables

    def epoch(order: tf.Tensor) -> None:
        for rows in order:
            with tf.GradientTape() as tape:
                logits = network(tf.gather(images, rows), training=True)
                found = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.gather(labels, rows), logits)
                loss = tf.reduce_mean(found)
            optimizer.apply(tape.gradient(loss, variables), variables)

    compiled: Callable[[tf.Tensor], None] = tf.function(epoch)
    return compiled


def _compared(errors: dict[str, list[float]]) -> dict[str, float]:
    """Adadelta's spread (greatest less least error) and worst over the least of the other rules', and its best less
    the best of all, in points.
    """
    spread = {name: max(found) - min(found) for name, found in errors.items()}
    others = [name for name in errors if name != "adadelta"]
    return {f"{name}_spread": value for name, value in spread.items()} | {
        "adadelta_spread_over_next": spread["adadelta"] / min(spread[name] for name in others),
        "adadelta_worst_over_next": max(errors["adadelta"]) / min(max(errors[name]) for name in others),
        "adadelta_best_behind": min(errors["adadelta"]) - min(min(found) for found in errors.values()),
    }


def _tell(activation: str, errors: dict[str, list[float]]) -> None:
    print(f"\n{activation}: test error in percent, ours (paper's)")
    print(f"{'rate':<10}" + "".join(f"{name:>18}" for name in ("sgd", "momentum", "adagrad")))
    for place, rate in enumerate(RATES):
        cells = [
            f"{errors[name][place]:.2f}" + (f" ({PAPER[name][place]:5.2f})" if name in PAPER else "")
            for name in ("sgd", "momentum", "adagrad")
        ]
        print(f"{rate:<10g}" + "".join(f"{cell:>18}" for cell in cells))
    print(f"{'Adadelta, ε':<12}" + "".join(f"{f'ρ {rho:g}':>9}" for rho in RHOS))
    for place, epsilon in enumerate(EPSILONS):
        found = errors["adadelta"][place :: len(EPSILONS)]
        print(f"{epsilon:<12g}" + "".join(f"{error:>9.2f}" for error in found))
    for name, paper in (PAPER | PAPER_ENDS).items():
        print(f"{name:<10} {min(errors[name]):.2f} to {max(errors[name]):.2f} ({min(paper):.2f} to {max(paper):.2f})")
    print()


if __name__ == "__main__":
    main()
