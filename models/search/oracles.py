"""Random, grid and Bayesian search and hyperband: KerasTuner's oracles, asked by hand."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import keras_tuner
from keras_tuner.engine.trial import Trial, TrialStatus

from models.search.bayes import BayesianOracle
from models.search.problem import ROUND, Problem, Proposals, plain
from models.search.space import gridded
from models.trials.trial import TrialRecord

LOSS = "loss"
HYPERBAND = "tuner/"  # prefix of what hyperband puts among a trial's values
FACTOR = 3


def random(problem: Problem) -> Proposals:
    """Settings drawn at random (Bergstra & Bengio 2012, JMLR 13:281), all different."""
    return (yield from _ahead(problem, keras_tuner.oracles.RandomSearchOracle(**_common(problem))))


def grid(problem: Problem) -> Proposals:
    """Every point of the grid once, the last setting of the space changing fastest, until `tune.trials`."""
    space = gridded(problem.space, problem.tune.grid_points)
    return (yield from _ahead(problem, keras_tuner.oracles.GridSearchOracle(**_common(problem, space))))


def bayesian(problem: Problem) -> Proposals:
    """The lower confidence bound of a Gaussian process (Srinivas et al. 2010, arXiv:0912.3995), in rounds.

    A third of the trials, and at least a round, are random before the process is asked. Within a round it takes the
    trials it has asked for to come out as it expects, a little worse.
    """
    trials, dimensions = problem.tune.trials, len(problem.space.space)
    first = max(ROUND, min(trials // 3, 3 * dimensions))
    oracle = BayesianOracle(**_common(problem), num_initial_points=first)
    with _asked(oracle) as ask:
        asked = [ask.configured(problem) if problem.inside else None]
        number = 0
        while True:
            asked += ask.several(min(ROUND, trials - number) - len(asked))
            if not asked:
                return None
            specs = [problem.spec(number + i, values_in(t) if t else problem.own) for i, t in enumerate(asked)]
            records = yield specs
            ask.end_all(asked, records, problem)
            if len(records) < len(specs):
                return None
            number, asked = number + len(specs), []


def hyperband(problem: Problem) -> Proposals:
    """Many settings for few epochs, the best third of which goes on for three times as many (Li et al. 2018, JMLR 18).

    Its brackets follow from `tune.epochs`; `tune.trials` bounds the trials, where one that goes on for more epochs is
    another. The configured setting is trained outside of the brackets, for all epochs.
    """
    trials = problem.tune.trials
    common = {name: value for name, value in _common(problem).items() if name != "max_trials"}
    oracle = keras_tuner.oracles.HyperbandOracle(**common, max_epochs=problem.epochs, factor=FACTOR)
    names: dict[str, str] = {}
    with _asked(oracle) as ask:
        if not (yield [problem.spec(0, problem.own)]):
            return None
        while asked := ask.several(min(ROUND, trials - 1 - len(names))):
            specs = []
            for trial in asked:
                chosen = trial.hyperparameters.values
                start = names.get(chosen.get(f"{HYPERBAND}trial_id"))
                specs.append(problem.spec(len(names) + 1, values_in(trial), chosen[f"{HYPERBAND}epochs"], start))
                names[trial.trial_id] = specs[-1].name
            records = yield specs
            ask.end_all(asked, records, problem)
            if len(records) < len(specs):
                return None
    return None


def hyperband_trials(epochs: int) -> int:
    """Trials of all brackets of hyperband, the configured setting's among them."""
    oracle = keras_tuner.oracles.HyperbandOracle(max_epochs=epochs, factor=FACTOR, seed=1)
    brackets = range(oracle._get_num_brackets())
    sizes: list[int] = [oracle._get_size(bracket, turn) for bracket in brackets for turn in range(bracket + 1)]
    return 1 + sum(sizes)


def values_in(trial: Trial) -> dict[str, Any]:
    """An oracle's trial as a point of the space."""
    values: Mapping[str, Any] = trial.hyperparameters.values
    return plain({name: value for name, value in values.items() if not name.startswith(HYPERBAND)})


def _common(problem: Problem, space: keras_tuner.HyperParameters | None = None) -> dict[str, Any]:
    return {
        "objective": keras_tuner.Objective(LOSS, "min"),
        "max_trials": problem.tune.trials,
        "hyperparameters": space or problem.space,
        "seed": problem.random_state,
        "max_consecutive_failed_trials": problem.tune.trials + 1,  # that is, go on
    }


def drawn(problem: Problem, number: int) -> list[dict[str, Any]]:
    """Random points of the space, the configured one not among them."""
    return _points(problem, keras_tuner.oracles.RandomSearchOracle(**_common(problem)), number + 1)[1:]


def _points(problem: Problem, oracle: keras_tuner.Oracle, number: int) -> list[dict[str, Any]]:
    """The configured point and proposals of an oracle that does not look at results."""
    points = [problem.own]
    with _asked(oracle) as ask:
        if problem.inside:
            ask.end(ask.configured(problem), 0.0)
        while len(points) < number and (trial := ask()):
            points.append(values_in(trial))
            ask.end(trial, 0.0)
    return points


def _ahead(problem: Problem, oracle: keras_tuner.Oracle) -> Proposals:
    """All proposals of such an oracle at once: none has to wait for a round to end."""
    points = _points(problem, oracle, problem.tune.trials)
    yield [problem.spec(number, values) for number, values in enumerate(points)]
    return None


class _Asking:
    """Asks an oracle for trials without a tuner, and tells it what they came to."""

    def __init__(self, oracle: keras_tuner.Oracle, folder: str) -> None:
        self._oracle, self._asked = oracle, 0
        oracle.verbose = 0
        oracle._set_project_dir(folder, "oracle")  # what KerasTuner's tuners do: it writes its state there

    def __call__(self) -> Trial | None:
        """A trial to run; None where there is none now."""
        self._asked += 1
        trial = self._oracle.create_trial(f"asked {self._asked}")
        return trial if trial.status == TrialStatus.RUNNING else None

    def several(self, most: int) -> list[Trial]:
        """As many trials to run at the same time."""
        found: list[Trial] = []
        while len(found) < most and (trial := self()):
            found.append(trial)
        return found

    def configured(self, problem: Problem) -> Trial:
        """A trial of the configured values, which the oracle did not think of itself."""
        trial = self()
        assert trial is not None
        trial.hyperparameters.values = dict(problem.own)
        return trial

    def end(self, trial: Trial, loss: float | None) -> None:
        """Tell the oracle what a trial came to; None: it failed."""
        trial.status = TrialStatus.FAILED if loss is None else TrialStatus.COMPLETED
        if loss is not None:
            self._oracle.update_trial(trial.trial_id, {LOSS: loss})
        self._oracle.end_trial(trial)

    def end_all(self, asked: Sequence[Trial | None], records: Sequence[TrialRecord], problem: Problem) -> None:
        """Tell it what several came to, in their order; what is not a trial of its own is None."""
        for trial, record in zip(asked, records, strict=False):
            if trial:
                self.end(trial, problem.loss(record))


@contextmanager
def _asked(oracle: keras_tuner.Oracle) -> Iterator[_Asking]:
    with tempfile.TemporaryDirectory() as folder:
        yield _Asking(oracle, folder)
