"""Search over the abandonment model's settings; the validation examples choose."""

import json
import time

from data.examples import read_examples
from models.nudging.response import segment_of
from models.search import advice, search
from models.tasks.carts import CartTask
from models.trials.pool import Pool
from pipeline.config import as_table
from pipeline.stage import ABANDONMENT_OFF, Context, NotApplicable
from pipeline.trial_runs import TrialRuns, trial_label


def run(context: Context) -> None:
    """Write `trials.json` and `best.json`, the abandonment model's configuration to train.

    With cross-validation `scores.json` has what each setting came to over the folds.
    The test examples are not read. A search that was killed goes on where it was, in the middle of a trial too.

    Raises:
        InputError: a condition of `costs.segments` cannot be used.
    """
    config, tune = context.config, context.config.tune
    if not config.abandonment.enabled:
        raise NotApplicable(ABANDONMENT_OFF)
    # A condition that names no feature is told before minutes of training, not by what chooses the threshold after it.
    segment_of(read_examples(context.input("split"), "validation"), config.costs)
    best, rows, scores = config.abandonment, [], []
    if tune.trials:
        address = CartTask.address(context.input("split"), tune.max_rows, config.seed)
        if told := advice(config.abandonment, tune):
            context.progress.note(told)
        listener = TrialRuns(context.tracker, context.progress, trial_label, tune.trials)
        deadline = None if tune.minutes is None else time.monotonic() + 60 * tune.minutes
        with Pool(context.scratch / "trials", address, tune.workers, listener, deadline) as pool:
            found = search(pool, config.abandonment, tune, config.seed)
        best, rows, scores = found.best, found.rows, list(found.scores)
        context.tracker.attempt(lambda: listener.catch_up(rows))
        context.seconds.update(listener.seconds)
    (context.out / "trials.json").write_text(json.dumps(rows, indent=1) + "\n")
    (context.out / "scores.json").write_text(json.dumps(scores, indent=1) + "\n")
    # Where training starts from is no property of the settings: another address of the same model gives equal bytes.
    best = best.model_copy(update={"warm_start": None})
    (context.out / "best.json").write_text(json.dumps(as_table(best), indent=1) + "\n")
