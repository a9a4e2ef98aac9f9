"""Training of the multi-task network, alone and beside the tabular model."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt
from scipy.special import expit

from data.examples import Examples
from models.abandonment import encode, run
from models.calibration import Platt, fit_platt
from models.checkpoint import Arrays
from models.config import MultiTaskConfig, RecommenderConfig
from models.divergence import diverged
from models.fitting import NotFinite, Tell, fit, seed_everything, silent
from models.gradient_health.remedies import optimizer_remedies
from models.judge import Judge
from models.multi_task.batches import Inputs, JointBatches, sessions_in_a_batch
from models.multi_task.inputs import Histories, Side, make_histories
from models.multi_task.network import JointTrainer, SessionNetwork, build_session_network
from models.multi_task.serving import serving_model, tower
from models.optimizing.optimizers import make_optimizer
from models.recommending.item_start import co_occurrence_vectors
from models.sessions.sequences import Sequences
from models.sessions.vocabulary import Vocabulary, build_vocabulary

Floats = npt.NDArray[np.float64]

SESSION, MULTI_TASK, COMBINED = "session", "session_multi_task", "tabular_and_session"
NETWORKS = (SESSION, MULTI_TASK, COMBINED)
"""The session alone with one task, the session alone with both, and the tabular model with the session and both."""


@dataclass(frozen=True)
class Material:
    """What the networks learn from."""

    train: Side
    """Examples the weights are fitted to."""

    validation: Side
    """Examples of other sessions, which stop training and calibrate."""

    sessions: Sequences
    """All training sessions, with a cart or not: the vocabulary, where items start, and the next-item task."""

    tabular: keras.Model
    """The trained abandonment model; it is read and not changed."""


@dataclass(frozen=True)
class Fitted:
    """One trained network."""

    network: SessionNetwork
    """With the weights of the best epoch."""

    calibration: Platt
    """Fitted on the validation examples."""

    history: dict[str, list[float]]
    """By epoch: `loss` (joint, in training), `val_loss` (log loss of abandonment alone) and `val_auc`."""

    best_epoch: int
    """0-based epoch whose weights are kept."""


@dataclass(frozen=True)
class TrainedMultiTask:
    """The three networks, to be compared with the tabular model they stand beside."""

    fitted: dict[str, Fitted]
    """By the names in `NETWORKS`."""

    vocabulary: Vocabulary
    """The items they know."""

    tabular: keras.Model
    """The tabular model that the combined network builds on."""

    length: int
    """Latest events of a session they read."""

    def scores(self, side: Side) -> dict[str, Floats]:
        """Calibrated probabilities (n,) that the carts of some examples are left, by network."""
        read, table = make_histories(side.sequences, self.vocabulary, self.length), _table(self.tabular, side.examples)
        found = {}
        for name, one in self.fitted.items():
            logits = _logits(one.network, _inputs(name, read, table))
            found[name] = expit(one.calibration.scale * logits + one.calibration.shift)
        return found

    def history(self) -> dict[str, list[float]]:
        """Each network's curves, by "network.metric"."""
        return {f"{name}.{key}": line for name, one in self.fitted.items() for key, line in one.history.items()}

    def model(self) -> keras.Model:
        """The combined network as one model that takes raw values (`multi_task_serving.serving_model`)."""
        one = self.fitted[COMBINED]
        return serving_model(one.network, self.vocabulary, self.tabular, one.calibration)


@dataclass(frozen=True)
class _Prepared:
    """Material as arrays, made once for all networks."""

    vocabulary: Vocabulary
    start: npt.NDArray[np.float32]
    windows: Histories
    sides: tuple[tuple[Histories, npt.NDArray[np.float32]], ...]
    """What the network reads of training and of validation examples: histories, and columns of the tower."""
    labels: tuple[npt.NDArray[np.int8], ...]


def train_multi_task(
    material: Material,
    config: MultiTaskConfig,
    recommender: RecommenderConfig,
    seed: int,
    teller: Callable[[str], Tell] = lambda _: silent,
) -> TrainedMultiTask:
    """Train the three networks, each stopped where the validation examples' log loss of abandonment is least.

    Args:
        material: examples, sessions and the tabular model.
        config: the joint training and the abandonment head.
        recommender: encoder, vocabulary, temperature and targets of a next-item batch are the recommender's.
        seed: of weights, dropout and order; the same seed gives the same networks on the same machine.
        teller: what is told of the epochs of the network of a name.

    Raises:
        DivergedError: a loss became NaN or infinite.
    """
    prepared = _prepare(material, recommender, seed)
    fitted = {name: _fit(name, prepared, config, recommender, seed, teller(name)) for name in NETWORKS}
    return TrainedMultiTask(fitted, prepared.vocabulary, material.tabular, recommender.max_length)


def _prepare(material: Material, recommender: RecommenderConfig, seed: int) -> _Prepared:
    sessions, length = material.sessions, recommender.max_length
    vocabulary = build_vocabulary(sessions, recommender.min_item_count)
    sides = (material.train, material.validation)
    return _Prepared(
        vocabulary=vocabulary,
        start=co_occurrence_vectors(sessions, vocabulary, recommender.dimension, seed),
        windows=make_histories(sessions.take(np.flatnonzero(sessions.lengths() >= 2)), vocabulary, length + 1),
        sides=tuple(
            (make_histories(side.sequences, vocabulary, length), _table(material.tabular, side.examples))
            for side in sides
        ),
        labels=tuple(side.examples.abandoned for side in sides),
    )


def _fit(
    name: str,
    prepared: _Prepared,
    config: MultiTaskConfig,
    recommender: RecommenderConfig,
    seed: int,
    tell: Tell,
) -> Fitted:
    seed_everything(seed)
    train, held_out = (_inputs(name, *side) for side in prepared.sides)
    width = prepared.sides[0][1].shape[1] if name == COMBINED else 0
    network = build_session_network(prepared.start, config, recommender, seed, width)
    trainer = JointTrainer(network, 0.0 if name == SESSION else config.weight, recommender.temperature)
    windows = None if name == SESSION else prepared.windows
    drawn = sessions_in_a_batch(prepared.windows, recommender.batch_size)
    batches = JointBatches(train, prepared.labels[0], windows, (config.batch_size, drawn), seed)
    trainer.compile(make_optimizer(config.optimizer, steps_per_epoch=len(batches), epochs=config.epochs))
    try:
        fitted = fit(
            trainer,
            _JointEpochs(trainer, batches),
            Judge(network.scorer, held_out, prepared.labels[1], None),
            config.epochs,
            config.early_stopping,
            tell,
        )
    except NotFinite as end:
        raise diverged(end, (), optimizer_remedies("multi_task", config.optimizer)) from None
    return Fitted(
        network=network,
        calibration=fit_platt(_logits(network, held_out), prepared.labels[1]),
        history=fitted.history,
        best_epoch=fitted.best_epoch,
    )


class _JointEpochs:
    """Passes over joint batches, which shuffle themselves; such a training starts over when it was killed."""

    def __init__(self, trainer: JointTrainer, batches: JointBatches) -> None:
        self._trainer, self._batches = trainer, batches

    def __call__(self, epoch: int) -> dict[str, float]:
        told = self._trainer.fit(self._batches, initial_epoch=epoch, epochs=epoch + 1, shuffle=False, verbose=0).history
        return {name: float(values[0]) for name, values in told.items()}

    def state(self) -> Arrays:
        return []

    def restore(self, state: Arrays) -> None:
        """There is nothing to restore."""


def _inputs(name: str, read: Histories, table: npt.NDArray[np.float32]) -> Inputs:
    return read.inputs() | ({"tabular": table} if name == COMBINED else {})


def _table(tabular: keras.Model, examples: Examples) -> npt.NDArray[np.float32]:
    return run(tower(tabular), encode(tabular, examples))


def _logits(network: SessionNetwork, inputs: Inputs) -> Floats:
    return run(network.scorer, inputs)[:, 0].astype(np.float64)
