"""The explain stage: from a model and its split examples to explanations."""

import keras

from data.errors import InputError
from data.examples import Examples
from explain.attributing.adapter import compiled
from explain.attributing.attribution import attribute, background_sample, parts_of
from explain.attributing.explanations import Explanations
from explain.attributing.permutation import permutation
from explain.attributing.sampling import drawn_rows
from explain.config import ExplainConfig
from models.abandonment import encode


def explain_examples(
    model: keras.Model, train: Examples, test: Examples, config: ExplainConfig, seed: int
) -> Explanations:
    """Explain a seeded sample of the test carts against a seeded sample of training carts.

    Raises:
        InputError: a side is empty or the test labels are of one class only.
    """
    if len(train) == 0 or len(test) == 0:
        raise InputError(
            "Explanations need training and test examples. "
            f"Received: {len(train)} and {len(test)}. Use a longer log or other shares in `split`."
        )
    rows = drawn_rows(len(test), config.max_rows, seed)
    explained = test.take(rows)
    attributions = attribute(model, background_sample(train, config.background, seed), explained)
    shuffled = test.take(drawn_rows(len(test), config.permutation_rows, seed))
    parts = parts_of(model, test.specs)
    importance = permutation(
        encode(model, shuffled), parts.columns, compiled(parts.log_odds), shuffled, config.permutation_repeats, seed
    )
    return Explanations(rows, explained.keys, attributions, importance)
