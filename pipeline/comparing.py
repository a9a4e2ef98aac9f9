"""`compare`: alternatives side by side under one budget."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data.errors import InputError
from explain.comparison import comparison_lines, write_comparison
from models.study.alternatives import Alternative, chosen
from models.study.design import Design, best_trial, seed_specs, trial_specs
from models.study.results import Tried, summarize
from models.study.subjects import Subject, cart_subject, digits_subject, session_subject
from models.trials.pool import Pool
from models.trials.trial import TrialRecord, TrialSpec, record_row
from pipeline.config import PipelineConfig
from pipeline.planning import Selection, need_path
from pipeline.progress import Progress
from pipeline.publishing import publish_report
from pipeline.runner import run
from pipeline.tracking import NestedRun, Tracker
from pipeline.trial_runs import Label, TrialRuns
from pipeline.workdir import locked, write_whole

FOLDER = "compare"
FIGURES = ("seconds", "epochs_to_target", "steps_to_target", "seconds_to_target")


def compare(config: PipelineConfig, workdir: Path, progress: Progress, what: str, model: str) -> dict[str, Any]:
    """Compare alternatives of one kind for one model; a comparison that was killed goes on where it was.

    Every alternative gets the same number of trials, its own settings and draws from its documented range; the
    validation examples choose among them. The best setting is trained again under several seeds and judged on a fifth
    of the training visitors that no training and no choice has seen. The test examples are not opened.

    Args:
        config: what all alternatives have in common, and the budget.
        workdir: folder of the run whose split is used; what is missing of the stages up to it runs first.
        progress: where to say what is going on.
        what: one of `models.study.subjects.KINDS`.
        model: "abandonment" or "recommender".

    Returns:
        What `summarize` gives, and `what`, `model`, `preset`, `seed`, `budget`, `seconds`; also in
        `workdir/compare/NAME/result.json`, and as a page in `workdir/report`.

    Raises:
        InputError: the model has nothing of that kind, or an alternative's settings are out of range.
    """
    if config.source.kind == "digits":
        model = "digits"
        subject = digits_subject(config.digits, config.compare, need_path(config), config.seed)
    else:
        run(config, workdir, progress, Selection(until="split"))
        subject = _subject(config, workdir, model)
    alternatives = chosen(subject.of(what), config.compare.only)
    design = Design(subject.base, subject.complete, config.compare, config.seed)
    specs = [spec for alternative in alternatives for spec in trial_specs(design, alternative)]
    name = what if model == "abandonment" else f"{model}-{what}"
    folder = workdir / FOLDER / name
    title = f"compare {what} · {model} · {config.preset}"
    with locked(workdir), Tracker(config, folder, "comparison", title, progress.note) as tracker:
        total = len(specs) + len(alternatives) * config.compare.seeds
        parents = _Alternatives(tracker, alternatives)
        listener = TrialRuns(tracker, progress, parents.label, total)
        start = time.perf_counter()
        progress.started("compare")
        with Pool(folder / "trials", subject.address, config.compare.workers, listener) as pool:
            tried = _try(pool, design, alternatives, specs, subject)
        result = summarize(tried, subject.yardstick) | _terms(config, subject, tried, what, model)
        result["seconds"] = time.perf_counter() - start
        write_whole(folder / "result.json", json.dumps(result, indent=1) + "\n")
        page = write_comparison(result, workdir / "report")
        publish_report(workdir, config)
        if tracker.enabled:
            with tracker.delivering():
                parents.open(result["alternatives"])
                listener.catch_up([record_row(run) for one in tried for run in (*one.trials, *one.runs)])
                parents.end(result)
                use = {"use": " ".join(comparison_lines(result))[:5000]}
                tracker.log_run({}, [], [folder / "result.json", page], {}, use)
                tracker.finish()
        progress.finished("compare", "done", result["seconds"], f"{total} trainings")
    return result


def _terms(config: PipelineConfig, subject: Subject, tried: Sequence[Tried], what: str, model: str) -> dict[str, Any]:
    """What was compared, and under which budget."""
    return {
        "what": what,
        "model": model,
        "preset": config.preset,
        "seed": config.seed,
        "budget": config.compare.model_dump(mode="json", exclude={"workers", "only"}) | _rows(tried),
        "configured": subject.base["optimizer"]["name"] if what == "optimizer" else "configured",
    }


def _rows(tried: Sequence[Tried]) -> dict[str, int]:
    """How many examples trained and judged the alternatives."""
    known = [run.extra for one in tried for run in one.runs if run.status == "completed"]
    return {key: int(known[0][key]) for key in ("rows", "judged_rows")} if known else {}


def _subject(config: PipelineConfig, workdir: Path, model: str) -> Subject:
    split = workdir / "split"
    if model == "recommender":
        if config.source.kind == "features" or not config.recommender.enabled:
            raise InputError(
                "`--model` should be abandonment where there is no recommender (a feature table, or "
                "`recommender.enabled` is false). Received: recommender"
            )
        return session_subject(config.recommender, config.compare, split, config.seed)
    if not config.abandonment.enabled:
        raise InputError("`--model` should be recommender where `abandonment.enabled` is false. Received: abandonment")
    return cart_subject(config.abandonment, config.compare, split, config.seed)


def _try(
    pool: Pool, design: Design, alternatives: Sequence[Alternative], specs: Sequence[TrialSpec], subject: Subject
) -> list[Tried]:
    """All trials at once, then all seeds of the best ones: the fewer the batches, the less workers wait."""
    records = {record.name: record for record in pool.run(specs)}
    trials = {
        alternative.name: [records[spec.name] for spec in trial_specs(design, alternative) if spec.name in records]
        for alternative in alternatives
    }
    yardstick = subject.yardstick
    best = {name: best_trial(tried, yardstick.monitor, yardstick.sign) for name, tried in trials.items()}
    again = {one.name: seed_specs(design, one, found) for one in alternatives if (found := best[one.name]) is not None}
    runs: dict[str, TrialRecord] = {
        record.name: record for record in pool.run([spec for group in again.values() for spec in group])
    }
    return [
        Tried(one, trials[one.name], [runs[spec.name] for spec in again.get(one.name, []) if spec.name in runs])
        for one in alternatives
    ]


class _Alternatives:
    """The runs in MLflow that stand between the comparison and its trainings."""

    def __init__(self, tracker: Tracker, alternatives: Sequence[Alternative]) -> None:
        self._tracker, self._alternatives = tracker, alternatives
        self._runs: dict[str, NestedRun] = {}
        self._titles = {one.name: one.title for one in alternatives}
        tracker.attempt(self.open)

    def open(self, rows: Sequence[Mapping[str, Any]] = ()) -> None:
        """Start a run for each, or take it up again; with the settings of its best trial where they are known."""
        best = {row["name"]: row["settings"] or {} for row in rows}
        self._runs = {
            one.name: self._tracker.nested.open(
                f"alternative {one.name}",
                one.title,
                "alternative",
                {key: value for key, value in best.get(one.name, {}).items() if key != "alternative"},
                tags={"reference": one.reference},
            )
            for one in self._alternatives
        }

    def label(self, _trial: str, settings: Mapping[str, Any]) -> Label:
        """A training's name tells its alternative, and what is special about it."""
        name = str(settings["alternative"])
        parent = self._runs[name].run_id if name in self._runs else None
        if "seed" in settings:
            return Label(f"{self._titles[name]} · seed {settings['seed']}", "seed", parent)
        rate = settings.get("optimizer.learning_rate")
        return Label(f"{self._titles[name]}" + (f" · rate {rate:.3g}" if rate else ""), "trial", parent)

    def end(self, result: Mapping[str, Any]) -> None:
        """Give each alternative its figures."""
        for row in result["alternatives"]:
            figures = {key: row[key] for key in FIGURES if row.get(key) is not None}
            if row["quality"]:
                mean, low, high = row["quality"]
                figures |= {f"judged_{result['judged']}": mean, "judged_low": low, "judged_high": high}
            self._runs[row["name"]].end(figures, row["error"])
