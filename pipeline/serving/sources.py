"""Where the models to serve come from, and which they are at the moment."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from data.errors import InputError
from data.examples import from_frame
from data.feature import read_features
from data.features.catalogue import FEATURES
from data.log_memory import read_memory
from pipeline.config import PipelineConfig
from pipeline.fingerprint import file_hash
from pipeline.recommending import no_recommender
from pipeline.runner import CONFIG, read_config
from pipeline.serving.bodies import Versions
from pipeline.serving.carts import CartScorer
from pipeline.serving.items import ItemFinder
from pipeline.workdir import read_manifest

MODELS = {"abandonment": "abandonment.keras", "recommender": "recommender.keras"}
SHORT = 12
"""Digits of a content hash that name a version."""

State = dict[str, str]
"""What a served set depends on, by name."""


@dataclass(frozen=True)
class Served:
    """A set of models that answers."""

    state: State
    versions: Versions
    config: PipelineConfig
    carts: CartScorer | None
    items: ItemFinder | None
    no_items: str | None
    """Why there is no recommender."""


class Source:
    """A run's work folder, of which either model may be replaced by a registered one.

    Args:
        workdir: the run; its log is the history, its configuration has the costs.
        abandonment: address in the registry, such as models:/cart-abandonment@champion; the run's own where None.
        recommender: the same of the recommender.
    """

    def __init__(self, workdir: Path, abandonment: str | None = None, recommender: str | None = None) -> None:
        self.workdir = workdir
        self._addresses = {"abandonment": abandonment, "recommender": recommender}

    def state(self) -> State:
        """What would be served now; cheap, to be asked again and again.

        Raises:
            InputError: there is no finished run, a run is at work on it, or an alias cannot be followed.
        """
        manifests = {name: read_manifest(self.workdir, name) for name in ("sessionize", "split", "train")}
        if any(manifest is None for manifest in manifests.values()):
            read_config(self.workdir)
            raise InputError(f"{self.workdir} has no model yet. Run first: python -m pipeline run -w {self.workdir}")
        outputs = {name: (manifest or {})["outputs"] for name, manifest in manifests.items()}
        _check_whole((manifests["train"] or {})["fingerprint"]["input"], outputs["split"])
        state = {"history": outputs["sessionize"].get("events.parquet", ""), CONFIG: file_hash(self.workdir / CONFIG)}
        for model, file in MODELS.items():
            address = self._addresses[model]
            if address is not None:
                from pipeline.tracking.versions import version_of

                state[model] = version_of(address, f"--{model}")
            elif file in outputs["train"]:
                state[model] = outputs["train"][file]
        return state

    def load(self, state: State) -> Served:
        """Load what `state` says, which takes seconds.

        Raises:
            InputError: a file is missing or broken, the models do not fit the run, or it changed meanwhile.
        """
        config = read_config(self.workdir)
        if config.source.kind == "features":
            raise InputError("`serve` needs a run on events; a feature table has none. Use `score` instead.")
        with tempfile.TemporaryDirectory() as scratch:
            folders = {name: self._folder(name, Path(scratch)) for name in MODELS if name in state}
            served = self._loaded(state, config, folders)
        if self.state() != state:
            raise InputError(f"A run has changed {self.workdir} in the meantime.")
        return served

    def _loaded(self, state: State, config: PipelineConfig, folders: dict[str, Path]) -> Served:
        from models.recommender import Recommender
        from pipeline.rescue_items import out_of_stock

        memory = read_memory(self.workdir / "sessionize" / "events.parquet", config.engine)
        items = None
        if "recommender" in folders:
            hide = config.rescue.hide_bought
            items = ItemFinder(Recommender.load(folders["recommender"]), memory, out_of_stock(config.rescue), hide)
        return Served(
            state=state,
            versions=Versions(
                **{name: state[name][:SHORT] if name in state else None for name in (*MODELS, "history")}
            ),
            config=config,
            carts=self._scorer(folders["abandonment"], config, memory) if "abandonment" in folders else None,
            items=items,
            no_items=None if items else no_recommender(self.workdir),
        )

    def _scorer(self, folder: Path, config: PipelineConfig, memory: Any) -> CartScorer:
        from explain.attribution import background_sample
        from models.artifacts import load_model

        split = self.workdir / "split"
        specs = read_features((folder if (folder / "features.json").exists() else split) / "features.json")
        strange = sorted({spec.name for spec in specs} - {feature.name for feature in FEATURES})
        rows = pd.read_parquet(split / "train.parquet")
        missing = strange or sorted({spec.name for spec in specs} - set(rows))
        if missing:
            raise InputError(
                "`--abandonment` should be a model of this run's features. Received: one that takes "
                f"{', '.join(missing)} as well"
            )
        background = background_sample(from_frame(rows, specs), config.explain.background, config.seed)
        rule = folder / "threshold.json"
        rule = rule if rule.exists() else self.workdir / "train" / "threshold.json"
        threshold = float(json.loads(rule.read_text())["value"])
        return CartScorer(
            load_model(folder / MODELS["abandonment"]), specs, background, config.costs, threshold, memory
        )

    def _folder(self, model: str, scratch: Path) -> Path:
        address = self._addresses[model]
        if address is None:
            return self.workdir / "train"
        from pipeline.tracking import fetch_model

        target = scratch / model
        target.mkdir()
        fetched = fetch_model(address, target, f"--{model}")
        found = next((path.parent for path in fetched.rglob(MODELS[model])), None)
        if found is None:
            raise InputError(f"`--{model}` should name such a model. Received: {address}, without {MODELS[model]}")
        return found


def _check_whole(inputs: dict[str, str], split: dict[str, str]) -> None:
    """That the models were trained on the split that lies beside them: a run may be between the two stages."""
    if any(inputs.get(f"split/{file}", digest) != digest for file, digest in split.items()):
        raise InputError("A run is at work: its models are not trained yet.")
