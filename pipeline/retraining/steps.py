"""The steps of a retrain, each of which can be done again."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.config import PipelineConfig
from pipeline.progress import Progress
from pipeline.quiet import quiet
from pipeline.retraining.calibrating import calibrate
from pipeline.retraining.challenger import WORK, Plan, plan_challenger, prepare, train
from pipeline.retraining.champions import PLACE, fetch_champions
from pipeline.retraining.composing import prepare_set
from pipeline.retraining.decision import (
    FILE,
    Decision,
    decided,
    figures,
    promoted_again,
    reasons,
    waiting,
    write_decision,
)
from pipeline.retraining.incoming import undecided_arrivals
from pipeline.retraining.kept import keep, kept_challenger
from pipeline.retraining.leftovers import clear
from pipeline.retraining.promotion import promote_challengers, register_challengers
from pipeline.retraining.serving_set import switch
from pipeline.retraining.state import HOME, State, write_state
from pipeline.runner import read_config
from pipeline.tracking.decisions import log_decision, open_decision
from pipeline.workdir import write_whole

if TYPE_CHECKING:
    from mlflow import MlflowClient

CONFIG = "config.json"


@dataclass(frozen=True)
class Retrain:
    """What every step needs."""

    config: PipelineConfig
    workdir: Path
    client: "MlflowClient"
    progress: Progress

    def as_begun(self, retrain: str) -> "Retrain":
        """The same with the configuration that a retrain was decided under."""
        text = (self._folder(retrain) / CONFIG).read_text()
        return replace(self, config=PipelineConfig.model_validate_json(text))

    def decide(self, state: State) -> Decision:
        """Train and compare; `decision.json` has what came of it, and is written before anything follows from it."""
        folder, retrain = self._folder(str(state.pending)), str(state.pending)
        made = self._plan(state)
        sessions = prepare(made, self.workdir / HOME, folder, state, self.progress)
        facts: dict[str, Any] = {
            "new_from": made.new_from.isoformat(),
            "test_from": made.test_from.isoformat(),
            "sessions": sessions,
            "notes": list(made.notes),
            "arrivals": undecided_arrivals(self.workdir / HOME, state),
        }
        why = self._too_few(sessions, made) or self._train(made, folder)
        if why is not None:
            decision = waiting(made.config, retrain, state, why, facts)
        else:
            with quiet():
                from pipeline.retraining.judging import compare
            self.progress.started("compare")
            champions = fetch_champions(self.client, self.config, self.workdir, folder / PLACE)
            kept = kept_challenger(self.client, made.config, self.workdir, state, champions)
            found = compare(made, self.workdir, folder / WORK, champions, kept)
            decision = decided(made.config, retrain, state, champions, found, facts)
        write_whole(folder / CONFIG, self.config.model_dump_json(indent=1) + "\n")
        write_decision(folder, decision)
        return decision

    def carry_out(self, decision: Decision, state: State) -> tuple[Decision, State]:
        """Register, promote, serve, tell; then the next retrain may begin.

        Returns:
            The decision with the versions and the run it has got, and the state, which is written.
        """
        if decision["compared"]:
            decision = self._act(decision)
        decision = self.tell(decision)
        state = state.model_copy(update={"pending": None})
        if decision["compared"]:
            changed = {"window_from": state.watermark, "undecided": (), "kept": self._keep(decision)}
            state = state.model_copy(update=changed)
        write_state(self.workdir / HOME, state)
        clear(self.workdir / HOME, state)
        return decision, state

    def tell(self, decision: Decision) -> Decision:
        """Write the page and log the decision."""
        with quiet():
            from explain.retraining import write_retraining  # brings TensorFlow
        folder, decision = self._folder(decision["id"]), self._logged(decision)
        write_decision(folder, decision)
        page = write_retraining(decision, folder / "report")
        told = " ".join([decision["sentence"], *reasons(decision)[1:]])
        log_decision(
            self.client, decision["run_id"], decision["decision"], told, figures(decision), [folder / FILE, page.parent]
        )
        return decision

    def _act(self, decision: Decision) -> Decision:
        self.progress.started("register")
        folder, decision = self._folder(decision["id"]), self._logged(decision)
        work, run_id = folder / WORK, str(decision["run_id"])
        made = read_config(work)
        if calibration := decision["models"].get("abandonment", {}).get("calibration"):
            calibrate(work, calibration)
        versions = register_challengers(self.client, made, work, decision, run_id, self.progress)
        for model, version in versions.items():
            decision["models"][model]["challenger"] = version
        if decision["decision"] == "promoted":
            champions = fetch_champions(self.client, self.config, self.workdir, folder / PLACE)
            ready = prepare_set(self.config, made, self.workdir, work, decision, champions, self.progress)
            promote_challengers(self.client, decision, versions)
            switch(self.config, self.workdir, ready)
        return decision

    def _keep(self, decision: Decision) -> str | None:
        """Keep the new abandonment challenger for the next time, if it was not promoted; the retrain's id then."""
        one = decision["models"].get("abandonment")
        if one is None or (one["promote"] and promoted_again(one) is None):
            return None
        folder = self._folder(decision["id"])
        keep(folder / WORK, folder)
        return str(decision["id"])

    def _logged(self, decision: Decision) -> Decision:
        title = f"{decision['preset']} · {decision['id']} · {decision['decision']}"
        return decision | {"run_id": open_decision(self.client, self.config, decision["id"], title)}

    def _too_few(self, sessions: int, made: Plan) -> str | None:
        if sessions >= self.config.retrain.min_sessions:
            return None
        unit = "sessions with a cart" if self.config.abandonment.enabled else "sessions of two events"
        return (
            f"{sessions:,} {unit} to compare on have begun since {made.test_from:%Y-%m-%d %H:%M} UTC, and "
            f"`retrain.min_sessions` is {self.config.retrain.min_sessions:,}. They count again next time."
        )

    def _train(self, made: Plan, folder: Path) -> str | None:
        """Why there is no challenger; None where there is one."""
        with quiet():
            from models.divergence import DivergedError  # brings TensorFlow
        try:
            train(made, folder, self.progress)
        except DivergedError as why:
            return f"the challenger could not be trained: {why}"
        return None

    def _plan(self, state: State) -> Plan:
        folder = self._folder(str(state.pending))
        champions = fetch_champions(self.client, self.config, self.workdir, folder / PLACE)
        return plan_challenger(self.config, self.workdir, folder, state, champions)

    def _folder(self, retrain: str) -> Path:
        return self.workdir / HOME / retrain
