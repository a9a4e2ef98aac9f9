"""KerasTuner's Bayesian oracle, with a cheaper search for the point to try next."""

import warnings
from typing import Any

import keras_tuner
import numpy as np
import numpy.typing as npt
from keras_tuner.engine import hyperparameters as kinds
from keras_tuner.engine.trial import TrialStatus
from sklearn.gaussian_process import kernels

POINTS = 2000
NEAR = 0.1
LENGTHS = (0.1, 10.0)

Points = npt.NDArray[np.float64]
"""Rows of the unit cube, one column per setting of the space."""


class BayesianOracle(keras_tuner.oracles.BayesianOptimizationOracle):
    """The Gaussian process and its bound are KerasTuner's; the bound's minimum is looked for among a sample of points.

    KerasTuner descends from 50 points by numeric gradients, one row at a time: thousands of predictions for a proposal.
    It also stops between the values of a list, and may propose a point again. Here half of a sample lies anywhere and
    half around the best trial, each is moved to the point of the space that it stands for, and one call judges all.
    """

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        # KerasTuner's kernel has one length for all settings, and no noise: it explains few trials best by a length of
        # nothing, the bound is then the same everywhere, and the search random.
        size, noise = kernels.ConstantKernel(1.0, (0.1, 100.0)), kernels.WhiteKernel(1e-2, (1e-5, 1.0))
        kernel = size * kernels.Matern([1.0] * len(self._nonfixed_space()), LENGTHS, nu=2.5) + noise
        self.gpr.set_params(kernel=kernel, n_restarts_optimizer=0)

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Values of the next trial, as KerasTuner asks for them."""
        completed = [trial for trial in self.trials.values() if trial.status == TrialStatus.COMPLETED]
        if len(completed) < self.num_initial_points:
            random: dict[str, Any] = super().populate_space(trial_id)
            return random
        x, y = self._vectorize_trials()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a length on the edge of its bounds
            self.gpr.fit(x, y)
        points = self._sample(x[np.argmin(y)])
        tried = (points[:, None, :] == x[None]).all(axis=2).any(axis=1)
        mean, deviation = self.gpr.predict(points, return_std=True)
        chosen = points[np.argmin(np.where(tried, np.inf, mean - self.beta * deviation))]
        return {"status": TrialStatus.RUNNING, "values": self._vector_to_values(chosen)}

    def _sample(self, best: Points) -> Points:
        anywhere = self._random_state.uniform(size=(POINTS // 2, len(best)))
        steps = self._random_state.normal(scale=NEAR, size=anywhere.shape)
        redrawn = self._random_state.uniform(size=anywhere.shape) < 1 / len(best)
        near = np.where(redrawn, self._random_state.uniform(size=anywhere.shape), (best + steps) % 1.0)
        return self._snapped(np.concatenate([anywhere, near]))

    def _snapped(self, points: Points) -> Points:
        """Points as KerasTuner writes down the trials that they stand for; settings that are off at their default."""
        space = self._nonfixed_space()
        column = {hp.name: i for i, hp in enumerate(space)}
        for i, hp in enumerate(space):
            if not isinstance(hp, kinds.Float):
                places = np.array([hp.value_to_prob(value) for value in hp.values])
                points[:, i] = places[(points[:, i] * len(places)).astype(int)]
            for condition in hp.conditions:
                parent = space[column[condition.name]]
                on = [parent.value_to_prob(value) for value in condition.values]
                points[~np.isin(points[:, column[condition.name]], on), i] = hp.value_to_prob(hp.default)
        return points
