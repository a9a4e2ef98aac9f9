"""One retrain from new files to a decision that is carried out; started again after a kill, it goes on where it was."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from data.errors import InputError
from pipeline.config import PipelineConfig, settings_digest
from pipeline.progress import Progress
from pipeline.retraining.decision import Decision, read_decision, refused
from pipeline.retraining.going_back import finish
from pipeline.retraining.incoming import take_in
from pipeline.retraining.leftovers import clear, drop
from pipeline.retraining.state import HOME, STATE, State, check_store, first_state, read_state, write_state
from pipeline.retraining.steps import Retrain
from pipeline.store import open_store, reached
from pipeline.workdir import locked

NOT_LOST = (
    "Nothing is lost: what was taken in, trained and decided is in the work folder. "
    "The same command goes on from there when the store is back."
)


@dataclass(frozen=True)
class Outcome:
    """What a call of `retrain` came to."""

    decision: Decision | None
    """The last decision; None where there was nothing new to decide on."""

    refused: tuple[Decision, ...] = ()
    """One for each new file that was refused."""

    resumed: Decision | None = None
    """The decision of an earlier call that was killed, which was carried out first."""


def retrain(config: PipelineConfig, workdir: Path, progress: Progress, now: datetime) -> Outcome:
    """Take in what is new in a log; where there is something, train a challenger, compare, and promote if it is better.

    Args:
        config: as for `run`; `retrain` has what is particular to this.
        workdir: that of a run, whose champion is challenged.
        progress: where to say what is going on.
        now: the present moment, UTC without a zone.

    Raises:
        InputError: there is no run or no champion, the store is another than before, the input cannot be found, the log
            was deleted because of its age, or it leaves the challenger nothing to learn from. What was accepted stays
            so.
        Unreachable: the store does not answer; the same call goes on when it does.
    """
    _check(config)
    with locked(workdir), reached(NOT_LOST):
        home = workdir / HOME
        before = read_state(home)
        state = before or first_state(workdir, now)
        check_store(home, state)
        client = open_store()
        finish(client, workdir)
        clear(home, state)
        steps = Retrain(config, workdir, client, progress)
        resumed = None
        if state.pending and (earlier := read_decision(home / state.pending)):
            resumed, state = steps.as_begun(state.pending).carry_out(earlier, state)
            before = state
        _check_log(state, workdir)
        state, judged = take_in(config, home, state, progress, now)
        refusals = tuple(steps.tell(refused(config, one)) for one in judged if one.reason is not None)
        state = _begun(config, home, state, before)
        if state.pending is None:
            return Outcome(None, refusals, resumed)
        decision, _ = steps.carry_out(steps.decide(state), state)
        return Outcome(decision, refusals, resumed)


def _check(config: PipelineConfig) -> None:
    if config.source.kind != "events":
        raise InputError(
            "`retrain` should be given a log of events that grows: a preset or a configuration of one, and `--input`. "
            f'Received: `source.kind` = "{config.source.kind}"'
        )
    if not config.tracking.enabled:
        raise InputError(
            "`tracking.enabled` should be true for `retrain`: the champion is in MLflow's registry. Received: false"
        )


def _check_log(state: State, workdir: Path) -> None:
    if not state.active:
        raise InputError(
            f"`retrain` has no log left to go on with: `clean` deleted all that it had taken in, because of its age. "
            f"Remove {workdir / HOME / STATE}, and start over with a run: python -m pipeline run --workdir {workdir} …"
        )


def _begun(config: PipelineConfig, home: Path, state: State, before: State | None) -> State:
    """Note what is under way, if anything is: new parts, and those that a killed retrain had not decided on."""
    fresh = state.undecided != (before.undecided if before else ())
    pending = _identity(config, state) if fresh or state.pending else None
    if state.pending not in (None, pending):
        drop(home / str(state.pending))  # it will be another, with more or other settings
    state = state.model_copy(update={"pending": pending})
    write_state(home, state)
    return state


def _identity(config: PipelineConfig, state: State) -> str:
    """Id of a retrain: the day of the newest event, and a digest of what the outcome depends on."""
    known = [settings_digest(config), settings_digest(config.retrain), state.window_from.isoformat()]
    known += [part.id for part in state.active]
    digest = hashlib.blake2b(json.dumps(known).encode(), digest_size=4).hexdigest()
    return f"{state.watermark:%Y-%m-%d}-{digest}"
