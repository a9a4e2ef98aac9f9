"""Telling a listener what the trials of a batch do, whoever runs them."""

from collections.abc import Iterable

from models.trials.epochs import read_epochs
from models.trials.folder import TrialFolder
from models.trials.trial import TrialListener


class Watch:
    """Follows trials until each has been told to its end.

    A trial whose end an earlier leader told is not told again. One that was recorded while no leader lived is told
    whole, and so is one whose end was told in the moment a leader died.
    """

    def __init__(self, trials: Iterable[TrialFolder], listener: TrialListener) -> None:
        """Follow trials that are in their folders."""
        self._listener = listener
        self._open = [trial for trial in trials if not (trial.recorded and trial.told)]
        self._read: dict[str, int] = {}

    @property
    def started(self) -> set[str]:
        """Names of the trials whose start was told."""
        return set(self._read)

    def poll(self) -> None:
        """Tell what is new."""
        self._open = [trial for trial in self._open if not self._follow(trial)]

    def _follow(self, trial: TrialFolder) -> bool:
        """Tell what is new of one trial; whether it has ended."""
        ended = trial.recorded  # looked at before the epochs, none of which comes after it
        if trial.name not in self._read:
            if not ended and trial.runner is None:
                return False
            self._listener.trial_started(trial.name, trial.spec.settings)
            self._read[trial.name] = 0
        epochs, self._read[trial.name] = read_epochs(trial, self._read[trial.name])
        for epoch in epochs:
            self._listener.epoch_ended(trial.name, epoch.epoch, epoch.metrics)
        if ended:
            record = trial.record
            self._listener.trial_ended(trial.name, record.metrics, record.seconds, record.error)
            trial.mark_told()
        return ended
