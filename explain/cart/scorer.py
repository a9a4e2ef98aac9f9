"""What the abandonment model says of live carts."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd

from data.examples import KEYS, Examples, from_frame
from data.feature import Feature
from data.features.live import live_features
from data.live.live_cart import LiveCart
from data.live.log_memory import LogMemory
from explain.attributing.adapter import compiled
from explain.attributing.attribution import Attributor
from explain.attributing.sentences import reasons
from models.config import CostConfig
from models.nudging.decision import CART_VALUE, SURE, Nudge, nudge_value, rescue_worth


@dataclass(frozen=True)
class Scored:
    """What the model says of one cart."""

    features: dict[str, float]
    probability: float
    cart_value: float
    """NaN where unknown."""

    nudge: Nudge


class CartScorer:
    """The abandonment model with what it needs of a run.

    Args:
        model: abandonment model.
        specs: the features it takes, all of the catalogue.
        background: what its reasons are measured against.
        costs: what a nudge costs and brings.
        threshold: probability from which a nudge pays.
        memory: the log of what came before.
    """

    def __init__(
        self,
        model: keras.Model,
        specs: tuple[Feature, ...],
        background: Examples,
        costs: CostConfig,
        threshold: float,
        memory: LogMemory,
    ) -> None:
        self.memory = memory
        self._specs, self._costs, self._threshold = specs, costs, threshold
        self._names = [spec.name for spec in specs]
        self._predict = compiled(keras.Model(model.inputs, model.outputs))
        self._attribute = Attributor(model, background, specs)

    def score(self, requests: Sequence[Sequence[LiveCart]]) -> list[list[Scored]]:
        """The carts of some requests, request by request."""
        carts = [cart for request in requests for cart in request]
        features = [live_features(cart.visitor, cart.events, self.memory) for cart in carts]
        rows = np.array([[one[name] for name in self._names] for one in features], dtype=np.float32)
        known = rows[:, self._names.index(CART_VALUE)] if CART_VALUE in self._names else np.full(len(rows), np.nan)
        values = known.astype(np.float64)
        probability = self._predict(rows)
        told = np.where(np.isnan(values), self._costs.cart_value, values)
        worth = rescue_worth(probability, dict(zip(self._names, rows.T, strict=True)), told, self._costs)
        gain = nudge_value(probability, worth, self._costs)
        sure = np.minimum(probability, SURE) >= self._threshold
        columns = (features, probability, values, gain, sure)
        scored = iter(
            Scored(told, float(p), float(value), Nudge(bool(g > 0), bool(s), float(g)))
            for told, p, value, g, s in zip(*columns, strict=True)
        )
        return [[next(scored) for _ in request] for request in requests]

    def reasons(self, requests: Sequence[Sequence[dict[str, float]]]) -> list[list[list[str]]]:
        """Why, in words, for the features of the carts of some requests."""
        frame = pd.DataFrame([features for request in requests for features in request])
        examples = from_frame(frame.assign(**dict.fromkeys(set(KEYS) - set(frame))), self._specs)
        found = iter(reasons(self._attribute(examples), examples))
        return [[next(found) for _ in request] for request in requests]
