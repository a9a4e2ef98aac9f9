"""Runs below a parent run: one a trial, one an alternative of a comparison."""

import time
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow import MlflowClient

PARENT = "mlflow.parentRunId"
NAME = "mlflow.runName"
ROOT = "root"
KEY = "key"

Point = tuple[str, int, float]
"""A metric's name, step and value."""

EVERY = 2.0
"""Seconds for which epochs are gathered before they are sent: a call for each would take longer than some epochs."""


class NestedRuns:
    """The runs below a root run, each under a key: asked for again after a kill, a run is taken up, not made anew."""

    def __init__(self, client: "MlflowClient", root: str) -> None:
        """Know the runs that are there, and end those that were running when their process was killed."""
        self._client, self._root = client, root
        self._experiment = client.get_run(root).info.experiment_id
        found = client.search_runs([self._experiment], f"tags.`{ROOT}` = '{root}'", max_results=10_000)
        self._known = {run.data.tags[KEY]: str(run.info.run_id) for run in found}
        self.ended = {run.data.tags[KEY] for run in found if run.info.status in ("FINISHED", "FAILED")}
        """Keys of the runs that were told to their end."""
        for run in found:
            if run.info.status == "RUNNING":
                client.set_terminated(run.info.run_id, "KILLED")

    def open(
        self,
        key: str,
        title: str,
        kind: str,
        params: Mapping[str, Any],
        parent: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> "NestedRun":
        """Start a run, or take it up again.

        Args:
            key: tells it from the others below the root.
            title: its name in the UI.
            kind: "trial", "alternative" or "seed"; a tag to filter by.
            params: what was set.
            parent: id of the run it stands below; the root's where not given.
            tags: further tags.
        """
        from mlflow.entities import Param

        run_id = self._known.get(key)
        told = set[Point]()
        if run_id:
            self._client.update_run(run_id, "RUNNING")
            told = self._told(run_id)
        else:
            own = {PARENT: parent or self._root, ROOT: self._root, KEY: key, NAME: title, "kind": kind}
            run_id = str(self._client.create_run(self._experiment, tags={**(tags or {}), **own}).info.run_id)
            self._known[key] = run_id
        listed = [Param(name, str(value)[:500]) for name, value in params.items()]
        self._client.log_batch(run_id, params=listed)
        return NestedRun(self._client, run_id, partial(self.ended.add, key), told)

    def _told(self, run_id: str) -> set[Point]:
        """The points that a run has already: sent again at another time, they would stand in its charts twice."""
        names = self._client.get_run(run_id).data.metrics
        points = (point for name in names for point in self._client.get_metric_history(run_id, name))
        return {(point.key, point.step, float(point.value)) for point in points}

    def mark(self, key: str, tag: str, value: str) -> None:
        """Give a run that was opened a further tag."""
        self._client.set_tag(self._known[key], tag, value)


class NestedRun:
    """One of them."""

    def __init__(
        self, client: "MlflowClient", run_id: str, ended: Callable[[], None], told: AbstractSet[Point]
    ) -> None:
        self.run_id = run_id
        self._client, self._ended, self._told = client, ended, told
        self._waiting: list[Any] = []
        self._sent = time.monotonic()

    def epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Log an epoch's metrics, within seconds."""
        self._gather(metrics, epoch)
        if time.monotonic() - self._sent > EVERY:
            self._send()

    def end(self, metrics: Mapping[str, float], error: str | None = None) -> None:
        """End the run with its figures; with its failure where it failed."""
        self._gather(metrics, 0)
        self._send()
        if error:
            self._client.set_tag(self.run_id, "error", error[:5000])
        self._client.set_terminated(self.run_id, "FAILED" if error else "FINISHED")
        self._ended()

    def _gather(self, metrics: Mapping[str, float], step: int) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        fresh = ((name, float(value)) for name, value in metrics.items())
        self._waiting += [
            Metric(name, value, now, step) for name, value in fresh if (name, step, value) not in self._told
        ]

    def _send(self) -> None:
        for start in range(0, len(self._waiting), 1000):
            self._client.log_batch(self.run_id, self._waiting[start : start + 1000])
        self._waiting, self._sent = [], time.monotonic()
