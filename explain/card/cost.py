"""What a prediction costs, measured."""

import statistics
import time
from collections.abc import Callable

import keras
import numpy as np

from data.examples import Examples
from models.abandonment import predict

CARTS = 1_000
REPEATS = 5


def prediction_seconds(model: keras.Model, examples: Examples) -> dict[str, float]:
    """Seconds of one core for one cart alone and for 1,000 carts at once, preparation of the columns included.

    It is the processor time of the whole process, so that work spread over several cores counts in full; the median
    of several repeats, after one that is not counted.

    Returns:
        "prediction_cart" and "prediction_1000_carts".
    """
    one = examples.take(np.arange(1))
    many = examples.take(np.arange(CARTS) % len(examples))
    return {
        "prediction_cart": _seconds(lambda: predict(model, one)),
        "prediction_1000_carts": _seconds(lambda: predict(model, many)),
    }


def _seconds(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)
