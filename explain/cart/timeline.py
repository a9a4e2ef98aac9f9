"""A session event by event: what each adds to what the network that reads sessions says of the cart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt

from explain.attributing.explanations import sigmoid
from explain.attributing.integrated_gradients import integrated_gradients
from models.abandonment import run
from models.encoder import as_inputs
from models.multi_task.inputs import Side
from models.multi_task.network import last_state
from models.sessions.sequences import EVENTS, UNKNOWN

Matrix = npt.NDArray[np.float32]

TYPICAL = 500
"""Training sessions whose events make up the typical event."""


class TimelineEvent(NamedTuple):
    """One event of a session."""

    kind: str
    """What happened, as the event contract names it."""

    item: str
    """To which item."""

    gap: float | None
    """Seconds since the event before, where known."""

    log_odds: float
    """What it adds to the log-odds that the cart is left, counted from a typical event in its place."""


@dataclass(frozen=True)
class Timeline:
    """The events that the network saw before a decision point."""

    events: tuple[TimelineEvent, ...]
    """Oldest first: the latest ones, as many as the network reads."""

    log_odds: float
    """Calibrated log-odds of the cart."""

    base: float
    """The same with a typical event in the place of each."""

    error: float
    """How far the events' shares are from adding up: |base + Σ log_odds − log_odds|."""

    left_out: int
    """Events before the first of these."""

    @property
    def probability(self) -> float:
        """Predicted probability that the cart is left."""
        return float(sigmoid(np.array(self.log_odds)))


class SessionReader:
    """The combined network taken apart at the events' vectors.

    Args:
        model: what `models.multi_task.serving.serving_model` makes.
        train: training examples with their sequences: the mean vector of their events is the typical event.
    """

    def __init__(self, model: keras.Model, train: Side) -> None:
        self._model, self._reader = model, model.get_layer("reader")
        # The dropout is the first layer that sees an event's whole vector: item and kind added up.
        self._tail = keras.Model(self._reader.get_layer("input_dropout").input, self._reader.output, name="tail")
        self.length = int(self._reader.inputs[0].shape[1])
        rows = np.linspace(0, len(train.examples) - 1, min(TYPICAL, len(train.examples))).astype(np.int64)
        ids, kinds = self._codes([self._events(train, int(row)) for row in rows])
        self.typical: Matrix = self._vectors(ids, kinds)[kinds > 0].mean(axis=0)

    def timeline(self, side: Side, row: int) -> Timeline:
        """Take one decision point apart, its tabular features as they are."""
        seen = self._events(side, row)
        ids, kinds = self._codes([seen])
        vectors = self._vectors(ids, kinds)[0]
        baseline = np.where((kinds[0] > 0)[:, None], self.typical, vectors)
        shares, log_odds, base = integrated_gradients(self._output(side, row, kinds), vectors, baseline)
        by_event = shares.sum(axis=1)[: len(seen)]
        start, stop = side.sequences.offsets[row : row + 2]
        gaps = side.sequences.gaps[stop - len(seen) : stop].tolist()
        return Timeline(
            events=tuple(
                TimelineEvent(kind, item, None if gap == UNKNOWN or (place == 0 and gap == 0) else gap, float(share))
                for place, ((item, kind), gap, share) in enumerate(zip(seen, gaps, by_event, strict=True))
            ),
            log_odds=log_odds,
            base=base,
            error=abs(base + float(shares.sum()) - log_odds),
            left_out=int(stop - start) - len(seen),
        )

    def _events(self, side: Side, row: int) -> list[tuple[str, str]]:
        """Item and kind of the latest events of a row that the network reads."""
        start, stop = side.sequences.offsets[row : row + 2]
        kinds = [EVENTS[kind] for kind in side.sequences.events[start:stop]]
        return list(zip(side.sequences.session(row), kinds, strict=True))[-self.length :]

    def _codes(self, sessions: Sequence[Sequence[tuple[str, str]]]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Ids and kinds (n, L) as the network reads them, by its own lookups."""
        texts = np.full((2, len(sessions), self.length), "", dtype=object)
        for row, events in enumerate(sessions):
            for place, (item, kind) in enumerate(events):
                texts[:, row, place] = item, kind
        ids, kinds = (
            keras.ops.convert_to_numpy(self._model.get_layer(f"{name}_lookup")(keras.ops.convert_to_tensor(told)))
            for name, told in zip(("item", "event"), texts, strict=True)
        )
        return ids, kinds

    def _vectors(self, ids: npt.NDArray[Any], kinds: npt.NDArray[Any]) -> Matrix:
        items, table = (self._reader.get_layer(f"{name}_table") for name in ("item", "kind"))
        vectors: Matrix = keras.ops.convert_to_numpy(items(ids) + table(kinds))
        return vectors

    def _output(self, side: Side, row: int, kinds: npt.NDArray[Any]) -> Any:
        """Vectors (n, L, D) → calibrated log-odds (n,) of this cart."""
        examples = side.examples.take(np.array([row]))
        encoded = run(self._model.get_layer("encoder"), as_inputs(examples.features, examples.specs))
        tabular = run(self._model.get_layer("tower"), encoded)
        leaving, calibration = (self._model.get_layer(name) for name in ("leaving", "calibration"))

        def output(vectors: Any) -> Any:
            many = keras.ops.shape(vectors)[0]
            state = last_state(self._tail(vectors, training=False), keras.ops.repeat(kinds, many, axis=0))
            told = {"state": state, "tabular": keras.ops.repeat(tabular, many, axis=0)}
            return calibration(leaving(told, training=False))[:, 0]

        return output
