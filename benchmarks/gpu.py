"""Training steps of the next-item network on whatever device JAX has, against the device's memory bandwidth.

    python -m benchmarks.gpu [--quick] [--steps N]

Needs JAX, Keras, NumPy and pydantic, and no TensorFlow. Synthetic batches of full windows, items drawn evenly, 2,048
further negatives, row-wise Adadelta; every combination of catalogue, dimension, batch size (targets) and precision.
A step cannot be faster than its embedding traffic: every distinct row that it touches is read and written once, with
its two running means. Printed is which share of the step that takes at the bandwidth of a copy on the same device.
Figures for a GPU come from running it on one; what a CPU gives says only that it runs. `--quick` is one small catalogue
in both precisions, a minute or so on a CPU. A combination that does not fit the device's memory is told and left out.
"""

import argparse
import os
import time
from itertools import product

os.environ["KERAS_BACKEND"] = "jax"  # before Keras is first imported

import jax
import jax.numpy as jnp
import keras
import numpy as np

from benchmarks.harness import Target, finish
from benchmarks.jax_step import make_step
from models.config import RecommenderConfig
from models.recommending.network import build_network

SIZES, DIMENSIONS, BATCHES = (37_000, 1_000_000), (64, 192), (512, 4_096, 32_768)
PRECISIONS = ("float32", "mixed_bfloat16")
NEGATIVES, LENGTH = 2_048, 20
PASSES = 6
"""Reads and writes of a row in a step: itself, its mean squared gradient and its mean squared update."""

Setting = tuple[int, int, int, str]


def copy_bandwidth(mebibytes: int) -> float:
    """Bytes a second that a large copy reads and writes; the best of ten."""
    array = jnp.zeros(mebibytes * 2**18, jnp.float32)
    copy = jax.jit(lambda values: values + 1.0)
    copy(array).block_until_ready()
    taken = []
    for _ in range(10):
        start = time.perf_counter()
        copy(array).block_until_ready()
        taken.append(time.perf_counter() - start)
    return float(2 * array.nbytes / min(taken))


def traffic(items: int, dimension: int, batch: int) -> float:
    """Bytes of the table and its running means that a step has to move, on average over evenly drawn items."""
    touched = batch + batch + NEGATIVES  # inputs, targets, negatives
    distinct = items * -np.expm1(touched * np.log1p(-1.0 / items))
    return float(PASSES * distinct * dimension * 4)


def seconds_per_step(setting: Setting, steps: int) -> float:
    """Median time of a step, over five stretches of `steps` that are not waited for one by one."""
    items, dimension, batch, precision = setting
    settings = {"dimension": dimension, "max_length": LENGTH, "negatives": NEGATIVES, "batch_size": batch}
    settings |= {"use_events": False, "use_gaps": False}  # items alone
    config = RecommenderConfig.model_validate(settings)
    keras.config.set_dtype_policy(precision)
    try:
        state, step = make_step(build_network(range(items), config, seed=0), config)
    finally:
        keras.config.set_dtype_policy("float32")
    rng, keys = np.random.default_rng(0), jax.random.split(jax.random.key(0), steps)
    windows = max(batch // LENGTH, 1)
    ids = [jnp.asarray(rng.integers(1, items + 1, (windows, LENGTH + 1)), jnp.int32) for _ in range(min(steps, 8))]
    state, loss = step(state, ids[0], keys[0])
    loss.block_until_ready()
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        for number in range(steps):
            state, loss = step(state, ids[number % len(ids)], keys[number])
        loss.block_until_ready()
        taken.append((time.perf_counter() - start) / steps)
    if not np.isfinite(float(loss)):
        raise FloatingPointError(f"the loss of {setting} is {float(loss)}")
    return float(np.median(taken))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one small catalogue, few steps")
    parser.add_argument("--steps", type=int, help="steps of a stretch")
    arguments = parser.parse_args()
    steps = arguments.steps or (3 if arguments.quick else 20)
    shapes = product((37_000,), (64,), (512,)) if arguments.quick else product(SIZES, DIMENSIONS, BATCHES)
    device = jax.devices()[0]
    bandwidth = copy_bandwidth(64 if arguments.quick else 512)
    print(f"{device.device_kind} ({device.platform}): a copy moves {bandwidth / 1e9:.1f} GB/s")
    figures: dict[str, float] = {"copy_gb_per_second": bandwidth / 1e9}
    for (items, dimension, batch), precision in product(shapes, PRECISIONS):
        name = f"{items}_items_{dimension}_wide_{batch}_targets_{precision}"
        try:
            seconds = seconds_per_step((items, dimension, batch, precision), steps)
        except jax.errors.JaxRuntimeError as error:
            if "RESOURCE_EXHAUSTED" not in str(error):
                raise
            print(f"{name}: does not fit this device's memory", flush=True)
            continue
        learned = max(batch // LENGTH, 1) * LENGTH
        share = traffic(items, dimension, learned) / bandwidth / seconds
        print(
            f"{name:60s} {1_000 * seconds:9.2f} ms {learned / seconds:12.0f} events/s, "
            f"{100 * share:5.1f}% of the step at the bandwidth of a copy",
            flush=True,
        )
        figures |= {f"{name}_events_per_second": learned / seconds, f"{name}_bandwidth_share": share}
    measured = sum(name.endswith("_events_per_second") for name in figures)
    finish("gpu", figures | {"settings_measured": measured}, (Target("settings_measured", ">=", 1),))


if __name__ == "__main__":
    main()
