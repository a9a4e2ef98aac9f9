"""Where the models to serve come from, and which they are at the moment."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from data.errors import InputError
from data.live.log_history import write_history
from data.live.log_memory import read_memory
from explain.cart.model import CartRules, read_cart_model, read_scorer
from explain.cart.scorer import CartScorer
from models.recommending.recommender import Recommender
from pipeline.cart_files import cart_rules, write_scorer
from pipeline.champion import FILES, own_folder
from pipeline.fingerprint import file_hash
from pipeline.recommending import no_recommender
from pipeline.rescue_items import out_of_stock
from pipeline.runner import CONFIG, read_config
from pipeline.serving.bodies import Versions
from pipeline.serving.items import ItemFinder
from pipeline.workdir import read_manifest

MODELS = {model: files[0] for model, files in FILES.items()}
SHORT = 12
"""Digits of a content hash that name a version."""

State = dict[str, str]
"""What a served set depends on, by name."""


@dataclass(frozen=True)
class Served:
    """A set of models that answers."""

    state: State
    versions: Versions
    rules: CartRules
    carts: CartScorer | None
    items: ItemFinder | None
    no_items: str | None
    """Why there is no recommender."""


class Source:
    """A run's work folder, of which either model may be replaced by a registered one.

    Where there is no run, a registered abandonment model answers by itself, with what it carries: the history of its
    own run, that run's costs and recommender.

    Args:
        workdir: the run; its log is the history, its configuration has the costs.
        abandonment: address in the registry, such as models:/cart-abandonment@champion; the run's own where None.
        recommender: the same of the recommender.
    """

    def __init__(self, workdir: Path, abandonment: str | None = None, recommender: str | None = None) -> None:
        self.workdir = workdir
        self._addresses = {"abandonment": abandonment, "recommender": recommender}

    @property
    def alone(self) -> bool:
        """Whether a registered model answers by itself."""
        return self._addresses["abandonment"] is not None and not (self.workdir / CONFIG).exists()

    def state(self) -> State:
        """What would be served now; cheap, to be asked again and again.

        Raises:
            InputError: there is no finished run, a run is at work on it, or an alias cannot be followed.
        """
        state = {} if self.alone else self._run_state()
        for model, address in self._addresses.items():
            if address is not None:
                from pipeline.tracking.versions import version_of

                state[model] = version_of(address, f"--{model}")
        return state

    def _run_state(self) -> State:
        manifests = {name: read_manifest(self.workdir, name) for name in ("sessionize", "split", "train")}
        if any(manifest is None for manifest in manifests.values()):
            read_config(self.workdir)
            raise InputError(f"{self.workdir} has no model yet. Run first: python -m pipeline run -w {self.workdir}")
        outputs = {name: (manifest or {})["outputs"] for name, manifest in manifests.items()}
        _check_whole((manifests["train"] or {})["fingerprint"]["input"], outputs["split"])
        state = {"history": outputs["sessionize"].get("events.parquet", ""), CONFIG: file_hash(self.workdir / CONFIG)}
        return state | {model: outputs["train"][file] for model, file in MODELS.items() if file in outputs["train"]}

    def load(self, state: State) -> Served:
        """Load what `state` says, which takes seconds.

        Raises:
            InputError: a file is missing or broken, or the run changed meanwhile.
        """
        with tempfile.TemporaryDirectory() as scratch:
            served = self._alone(state, Path(scratch)) if self.alone else self._of_run(state, Path(scratch))
        if self.state() != state:
            raise InputError(f"A run has changed {self.workdir} in the meantime.")
        return served

    def _alone(self, state: State, scratch: Path) -> Served:
        model = read_cart_model(self._fetched("abandonment", scratch))
        other = "recommender" in state
        recommender = Recommender.load(self._fetched("recommender", scratch)) if other else model.recommender
        items = ItemFinder(recommender, model.memory, hide_bought=model.rules.hide_bought) if recommender else None
        return Served(state, _versions(state), model.rules, model.scorer, items, "the registered model carries none")

    def _of_run(self, state: State, scratch: Path) -> Served:
        config = read_config(self.workdir)
        if config.source.kind == "features":
            raise InputError("`serve` needs a run on events; a feature table has none. Use `score` instead.")
        rules = cart_rules(config)
        rules.session.check_key()
        write_history(self.workdir / "sessionize" / "events.parquet", scratch, config.engine)
        memory, scorer, items = read_memory(scratch), None, None
        if "abandonment" in state:
            folder = scratch / "run"
            if self._addresses["abandonment"] is None:
                write_scorer(config, self.workdir, folder)
            else:
                folder = self._fetched("abandonment", scratch)
            scorer = read_scorer(folder, memory, config.costs)
        if "recommender" in state:
            own = self._addresses["recommender"] is None
            recommender = Recommender.load(self.workdir / "train" if own else self._fetched("recommender", scratch))
            items = ItemFinder(recommender, memory, out_of_stock(config.rescue), config.rescue.hide_bought)
        why = None if items else no_recommender(self.workdir)
        return Served(state, _versions(state), rules, scorer, items, why)

    def _fetched(self, model: str, scratch: Path) -> Path:
        from pipeline.tracking import fetch_model

        address = self._addresses[model]
        assert address is not None
        target = scratch / model
        target.mkdir()
        fetched = fetch_model(address, target, f"--{model}")
        found = own_folder(model, fetched)
        if not (found / MODELS[model]).is_file():
            raise InputError(f"`--{model}` should name such a model. Received: {address}, without {MODELS[model]}")
        return found


def _versions(state: State) -> Versions:
    return Versions(**{name: state[name][:SHORT] if name in state else None for name in (*MODELS, "history")})


def _check_whole(inputs: dict[str, str], split: dict[str, str]) -> None:
    """That the models were trained on the split that lies beside them: a run may be between the two stages."""
    if any(inputs.get(f"split/{file}", digest) != digest for file, digest in split.items()):
        raise InputError("A run is at work: its models are not trained yet.")
