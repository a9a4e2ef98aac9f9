"""Who is still to be told of what: a notification that could not be sent is sent later, in the order of the runs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Lock

from pipeline.scheduling.job import Job
from pipeline.scheduling.notifying import message, notify, ways
from pipeline.scheduling.runs import Run, Runs

PATIENCE = 2
"""Failures after which a way is left alone until the next call: waiting for what is down holds up the schedule."""


class Teller:
    """Tells of runs, each by every way that is set, and once it has worked not again by that way.

    What could not be told stays `untold` in the run's record, so that there is never more of it than runs are kept.
    """

    def __init__(self, job: Job, runs: Runs, say: Callable[[str], None]) -> None:
        """Tell of the runs of `job` that are remembered in `runs`; what goes wrong is told the terminal by `say`."""
        self.job, self.runs, self._say = job, runs, say
        self._lock = Lock()  # the clock's thread tells of a run that has ended, the main one of older ones
        self._calls = 0
        self._told: dict[str, tuple[str, ...]] = {}
        """By a run's name, ways by which it was told although a full disk would not take that: it must not be told for
        ever."""

    def tell(self, ended: Run | None = None) -> None:
        """Tell of all that is untold, the oldest first.

        Args:
            ended: a run that has just ended, which counts where its record could not be kept.
        """
        with self._lock:
            self._calls += 1
            known = {run.name: run for run in self.runs.all()}
            if ended and not known.get(ended.name, ended).outcome:
                known[ended.name] = ended
            waiting = [known[name] for name in sorted(known) if known[name].untold]
            told = {run.name: {*run.told, *self._told.get(run.name, ())} for run in waiting}
            for way in ways(self.job.settings):
                for run in self._tell(way, [run for run in waiting if way not in told[run.name]]):
                    told[run.name].add(way)
            for run in waiting:
                self._keep(run, told[run.name])

    def _tell(self, way: str, runs: Sequence[Run]) -> list[Run]:
        """Those of the runs that were told this way."""
        waiting, told, failures = list(runs), list[Run](), 0
        while waiting and failures < PATIENCE:
            run = waiting.pop(0)
            about = message(replace(self.job, command=run.command), run, self.runs.log(run))
            if notify(way, self.job.settings, about, self._say):
                told.append(run)
                continue
            failures += 1
            if waiting and not told:
                # Another one at each call: a message that the way refuses must keep none of the others back for good.
                waiting.insert(0, waiting.pop(self._calls % len(waiting)))
        return told

    def _keep(self, run: Run, told: set[str]) -> None:
        changed = run.model_copy(
            update={"told": tuple(sorted(told)), "untold": not told.issuperset(ways(self.job.settings))}
        )
        if changed == run:
            return
        try:
            self.runs.save(changed)
        except OSError as error:
            self._told[run.name] = changed.told
            self._say(f"That it was told could not be kept: {error}")
