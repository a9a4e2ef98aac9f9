"""From a model and one session's examples to everything that is said of them."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from data.examples import Examples, Split
from explain.attributing.attribution import attribute, background_sample, probabilities
from explain.cart.counterfactuals import counterfactual
from explain.cart.explained import explain_cart
from explain.cart.levers import levers_of
from explain.cart.similar import Pool, similar_carts
from explain.cart.story import Story, Threshold, advice
from explain.cart.timeline import SessionReader, Timeline
from explain.config import ExplainConfig
from models.artifacts import load_model
from models.multi_task.inputs import read_side


def tell_stories(
    model: keras.Model,
    train: Examples,
    examples: Examples,
    threshold: Threshold,
    config: ExplainConfig,
    seed: int,
    timelines: Sequence[Timeline] | None = None,
) -> list[Story]:
    """One story for each of n examples.

    Args:
        model: the abandonment model.
        train: its training examples: the typical cart, the values to change to, and the similar carts are theirs.
        examples: n examples.
        threshold: the predicted risk to bring a cart below, or above.
        config: how much is computed.
        seed: of the samples of training examples.
        timelines: n of them, where the network that reads sessions was trained.

    Raises:
        InputError: the model was trained on other features, or `explain.actionable` names one that is not there.
    """
    levers, predict = levers_of(train, config.actionable), probabilities(model)
    background = background_sample(train, config.background, seed)
    known = background_sample(train, config.max_rows, seed)
    attributions = attribute(model, background, examples)
    pool = Pool(known, attribute(model, background, known))
    stories = []
    for row in range(len(examples)):
        one = examples.take(np.array([row]))
        probability = float(predict(one)[0])
        found = counterfactual(one, levers, predict, threshold.value)
        stories.append(Story(
            cart=explain_cart(attributions, examples, row),
            abandoned=bool(examples.abandoned[row]),
            advice=advice(one, probability, levers, found, threshold),
            similar=similar_carts(one, attributions.values[row], pool, config.similar),
            timeline=timelines[row] if timelines else None,
        ))  # fmt: skip
    return stories


def read_timelines(trained: Path, split: Path, side: Split, rows: npt.NDArray[np.int64]) -> list[Timeline] | None:
    """The timelines of some examples; None where the network that reads sessions was not trained.

    Args:
        trained: folder of the train stage.
        split: folder of the split stage.
        side: which examples.
        rows: positions among them.
    """
    path = trained / "multi_task.keras"
    if not path.exists():
        return None
    reader = SessionReader(load_model(path), read_side(split, "train"))
    told = read_side(split, side)
    return [reader.timeline(told, int(row)) for row in rows]
