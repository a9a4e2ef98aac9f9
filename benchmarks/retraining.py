"""A shop that drifts, retrained every week: what the served champion is worth beside all that could have been served.

    python -m benchmarks.retraining [--quick] [--recommender] [--sessions N] [--seed S] [--judged-share X]
        [--workdir FOLDER]

The demo shop's first week is run; then twelve more weeks arrive one by one and `retrain` decides on each, by the same
function as the command. Items join each week, prices rise in week 5, a season turns causes round in week 7, and one
week's prices arrive in cents. After each decision the champion and every version that was ever registered are scored on
the week that follows, against the shop's true probabilities, so that an AUC is off by no luck of the labels, and with
the features that a server has then: those of the log that `retrain` keeps, without what was refused. `below_here` is of
the week that was decided on, which tells nothing of a season that turns with the next one. `--quick` is three weeks,
the season beginning with the second and the last one broken. With `--recommender` a small recommender is retrained
beside it, and every version of it ranks the sessions of the week that follows.

Targets: the champion is never more than 0.005 AUC below the best version there is; from the season on it beats the
first week's model, never retrained (mean over the weeks; lower end of the 95% interval over sessions); the broken week
is refused; and no promoted challenger is truly worse than the champion it replaces. Of the recommender: it beats the
first one over all weeks, and none that is promoted is surely worse (the next items are known, their probabilities not).
"""

import argparse
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from rich.console import Console
from sklearn.metrics import roc_auc_score

from benchmarks.harness import Target, finish
from benchmarks.recommender_weeks import Served, tell_recommender
from data.demo import DEMO_SOURCE
from data.demo.drift import DAYS, DriftingShop, broken, simulate_week
from data.demo.shop import Shop
from data.examples import Examples, from_frame
from data.feature import read_features
from explain.quality.planted import known_truth
from models.abandonment import predict
from models.artifacts import load_model
from models.binary_metrics import interval
from models.evaluation import clusters_of
from models.promotion.paired_bootstrap import paired_draws
from pipeline.champion import own_folder
from pipeline.config import PipelineConfig, load_config
from pipeline.planning import Selection
from pipeline.progress import Progress
from pipeline.retraining.champions import names_of
from pipeline.retraining.flow import retrain
from pipeline.runner import run
from pipeline.store import open_store
from pipeline.tracking import fetch_model
from pipeline.tracking.champions import CHAMPION

FIRST, RESAMPLES = "1", 400
Floats = npt.NDArray[np.float64]
SETTINGS = (
    "recommender.enabled=false", "tune.trials=0", "abandonment.epochs=20", "abandonment.baselines=[]",
    "evaluate.bootstrap=20", "explain.max_rows=60", "explain.background=10", "explain.permutation_repeats=2",
    "explain.quality.enabled=false", "retrain.window_days=28",
)  # fmt: skip
RECOMMENDER = (
    "recommender.enabled=true", "recommender.dimension=32", "recommender.epochs=8", "recommender.baselines=[]",
    "evaluate.max_prefixes=6000",
)  # fmt: skip
TARGETS = (
    Target("most_below_best", "<=", 0.005),
    Target("gain_over_first_low", ">=", 0.0),
    Target("broken_weeks_refused", ">=", 1.0),
    Target("worse_promoted", "<=", 0.0),
)
RECOMMENDER_TARGETS = (
    Target("recommender_gain_over_first_low", ">=", 0.0),
    Target("recommender_surely_worse_promoted", "<=", 0.0),
)


@dataclass(frozen=True)
class Plan:
    """What happens when."""

    shop: DriftingShop
    """Its last week is only scored on."""

    broken_week: int
    """Week whose log arrives broken."""


@dataclass(frozen=True)
class Week:
    """What came of one retrain."""

    week: int
    decision: str
    sentence: str
    served: Mapping[str, Served]
    """`abandonment`, and `recommender` where there is one."""


def write_events(events: pd.DataFrame, folder: Path, week: int) -> None:
    """Add a week's file to a log."""
    folder.mkdir(parents=True, exist_ok=True)
    events.to_parquet(folder / f"week-{week:02d}.parquet", index=False)


def live(plan: Plan, config: PipelineConfig, home: Path) -> list[Week]:
    """Run on the first week, then retrain on each that follows but the last."""
    shop, log, workdir = plan.shop, home / "log", home / "work"
    weeks = []
    with Progress(Console(quiet=True)) as progress:
        for week in range(1, shop.weeks):
            events = simulate_week(shop, week).events
            write_events(broken(events, "cents") if week == plan.broken_week else events, log, week)
            if week == 1:
                run(config, workdir, progress)
                continue
            outcome = retrain(config, workdir, progress, datetime.now(UTC).replace(tzinfo=None))
            told: dict[str, Any] = outcome.decision or outcome.refused[0]
            served = {model: _served(name, week) for model, name in names_of(config).items()}
            weeks.append(Week(week, told["decision"], told["sentence"], served))
            print(f"week {week:2d}  {told['sentence']}", flush=True)
    return weeks


def _served(name: str, week: int) -> Served:
    client = open_store()
    champion = str(client.get_registered_model(name).aliases[CHAMPION])
    numbers = sorted(int(one.version) for one in client.search_model_versions(f"name = '{name}'"))
    return Served(week, champion, tuple(map(str, numbers)))


@dataclass(frozen=True)
class Scored:
    """Every week's examples as they happened, and what each version says of them."""

    week: npt.NDArray[np.int64]
    """(n,) week of each example."""

    truth: Floats
    """(n,) true probability of "abandoned"."""

    abandoned: npt.NDArray[np.int8]
    """(n,) what became of it."""

    sessions: npt.NDArray[np.int64]
    """(n,) session of each example, 0 … c − 1."""

    said: dict[str, Floats]
    """Version → (n,) probabilities."""

    def auc(self, week: int, scores: Floats) -> float:
        """AUC expected on a week where each label is drawn from its true probability: every row is both, by weight."""
        rows = self.week == week
        p, labels = self.truth[rows], np.repeat([1, 0], rows.sum())
        return float(roc_auc_score(labels, np.tile(scores[rows], 2), sample_weight=np.concatenate([p, 1 - p])))

    def log_loss(self, week: int, scores: Floats) -> float:
        """Log loss expected on a week, in nats: each label is drawn from its true probability."""
        rows = self.week == week
        p, said = self.truth[rows], np.clip(scores[rows], 1e-7, 1 - 1e-7)
        return float(-(p * np.log(said) + (1 - p) * np.log1p(-said)).mean())

    def gains(self, week: int, one: str, other: str) -> Floats:
        """(`RESAMPLES`,) AUC of one version less another's on draws of a week's sessions."""
        rows = self.week == week
        scores = {name: self.said[version][rows] for name, version in (("one", one), ("other", other))}
        groups = np.unique(self.sessions[rows], return_inverse=True)[1]
        drawn = paired_draws(self.abandoned[rows], scores, groups, RESAMPLES, 1, week)
        return drawn["one"].values[:, 0] - drawn["other"].values[:, 0]


def score(plan: Plan, config: PipelineConfig, home: Path, versions: tuple[str, ...]) -> Scored:
    """Let every version judge every week that something was served in."""
    weeks = range(2, plan.shop.weeks + 1)
    shops = {week: simulate_week(plan.shop, week) for week in range(1, plan.shop.weeks + 1)}
    frame = pd.concat([_examples(plan, config, home, shops, week) for week in weeks], ignore_index=True)
    truths = [shops[week].truth.assign(week=week) for week in weeks]
    known = known_truth(pd.concat(truths, ignore_index=True), frame)
    said = {one: predict(*_model(config, frame, one, home / "versions" / one)) for one in versions}
    return Scored(
        known["week"].to_numpy(np.int64), known["p_abandon"].to_numpy(), frame["abandoned"].to_numpy(np.int8),
        clusters_of(frame), said,
    )  # fmt: skip


def _examples(
    plan: Plan, config: PipelineConfig, home: Path, shops: Mapping[int, Shop], week: int
) -> pd.DataFrame:  # fmt: skip
    """A week's examples by the log of that time; its sessions' items go to a file for `tell_recommender`."""
    assert config.retrain.window_days
    log, work = home / "logs" / f"{week:02d}", home / "weeks" / f"{week:02d}"
    for one in range(max(1, week - config.retrain.window_days // DAYS + 1), week + 1):
        if one == week or one != plan.broken_week:
            write_events(shops[one].events, log, one)
    begin = shops[week].events["ts"].min().normalize()
    source = config.source.model_copy(update={"path": log})
    with Progress(Console(quiet=True)) as progress:
        run(config.model_copy(update={"source": source}), work, progress, Selection(until="featurize"))
    examples, sequences = (
        pd.read_parquet(work / "featurize" / f"{name}.parquet", filters=[("session_start", ">=", begin)])
        for name in ("examples", "sequences")
    )
    sequences.to_parquet(home / f"sequences-{week:02d}.parquet", index=False)
    return examples


def _model(config: PipelineConfig, frame: pd.DataFrame, version: str, place: Path) -> tuple[Any, Examples]:
    """A registered model, and the examples with the features that it takes."""
    place.mkdir(parents=True)
    address = f"models:/{config.tracking.abandonment_name}/{version}"
    folder = own_folder("abandonment", fetch_model(address, place, "tracking.abandonment_name"))
    return load_model(folder / "abandonment.keras"), from_frame(frame, read_features(folder / "features.json"))


def tell(plan: Plan, weeks: list[Week], found: Scored) -> dict[str, float]:
    """Print a line a week; the figures."""
    rows, gains, worse, less_true, before = [], [], 0, 0, FIRST
    for one in weeks:
        following, champion = one.week + 1, one.served["abandonment"].champion
        # What a rule could do that knew the truth of every week that has been, and nothing of the one that follows.
        here = {version: found.auc(one.week, found.said[version]) for version in one.served["abandonment"].versions}
        auc = {version: found.auc(following, found.said[version]) for version in one.served["abandonment"].versions}
        loss = {version: found.log_loss(following, found.said[version]) for version in (champion, before)}
        decision = "refused" if one.decision == "refused" else "kept" if champion == before else "promoted"
        rows.append({
            "week": one.week, "decision": decision, "champion": champion, "auc": auc[champion],
            "best": max(auc.values()), "knowing": auc[max(here, key=here.__getitem__)], "first": auc[FIRST],
            "below_here": max(here.values()) - here[champion],
            "possible": found.auc(following, found.truth), "loss": loss[champion], "loss_before": loss[before],
        })  # fmt: skip
        worse += auc[champion] < auc[before]
        less_true += loss[champion] > loss[before]
        if one.week >= plan.shop.season_week:
            gains.append(found.gains(following, champion, FIRST))
        before = champion
    table = pd.DataFrame(rows)
    below, over = table["best"] - table["auc"], table["auc"] - table["first"]
    unknowable = table["best"] - table["knowing"]
    told = table.assign(below_best=below, over_first=over)
    print(told.to_string(index=False, float_format="{:.4f}".format))
    edges = interval(np.mean(gains, axis=0)) or [np.nan, np.nan]
    return {
        "weeks": float(len(table)),
        "promoted": float((table["decision"] == "promoted").sum()),
        "mean_auc": float(table["auc"].mean()),
        "most_below_best": float(below.max()),
        "mean_below_best": float(below.mean()),
        "most_below_best_but_at_the_turn": float(below[table["week"] != plan.shop.season_week - 1].max()),
        "weeks_within_0.005": float((below <= 0.005).sum()),
        "most_below_best_here": float(table["below_here"].max()),
        "mean_below_best_here": float(table["below_here"].mean()),
        "knowing_most_below_best": float(unknowable.max()),
        "knowing_mean_below_best": float(unknowable.mean()),
        "gain_over_first": float(over[table["week"] >= plan.shop.season_week].mean()),
        "gain_over_first_low": edges[0],
        "gain_over_first_high": edges[1],
        "broken_weeks_refused": float((table.loc[table["week"] == plan.broken_week, "decision"] == "refused").sum()),
        "worse_promoted": float(worse),
        "worse_log_loss_promoted": float(less_true),
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three weeks")
    parser.add_argument("--recommender", action="store_true", help="retrain a recommender as well")
    parser.add_argument("--sessions", type=int, help="sessions a week; 20,000, or 6,000 with --quick")
    parser.add_argument("--seed", type=int, default=7, help="seed of the shop")
    parser.add_argument("--judged-share", type=float, help="`retrain.judged_share`, the default where not given")
    parser.add_argument("--workdir", type=Path, help="where to keep everything; a temporary folder where not given")
    arguments = parser.parse_args()
    sessions = arguments.sessions or (6_000 if arguments.quick else 20_000)
    plan = Plan(DriftingShop(weeks=14, sessions=sessions, items=600, seed=arguments.seed), broken_week=10)
    if arguments.quick:
        plan = Plan(replace(plan.shop, weeks=5, price_week=2, season_week=2), broken_week=4)
    with tempfile.TemporaryDirectory() as scratch:
        home = arguments.workdir or Path(scratch)
        home.mkdir(parents=True, exist_ok=True)
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{home / 'mlflow.db'}"
        share = [f"retrain.judged_share={arguments.judged_share}"] if arguments.judged_share is not None else []
        config = load_config("demo", None, (*SETTINGS, *share, *(RECOMMENDER if arguments.recommender else ())))
        source = DEMO_SOURCE.model_copy(update={"path": home / "log"})
        config = config.model_copy(update={"source": source})
        weeks = live(plan, config, home)
        figures = tell(plan, weeks, score(plan, config, home, weeks[-1].served["abandonment"].versions))
        if arguments.recommender:
            served = [one.served["recommender"] for one in weeks]
            figures |= tell_recommender(str(config.tracking.recommender_name), served, home)
        finish("retraining", figures, TARGETS + (RECOMMENDER_TARGETS if arguments.recommender else ()))


if __name__ == "__main__":
    main()
