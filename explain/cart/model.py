"""Everything that an answer about a live cart takes, as files in a folder: what a run makes and what is registered."""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from data.errors import InputError
from data.examples import KEYS, Examples, from_frame
from data.feature import read_features
from data.features.catalogue import FEATURES as LIVE
from data.live.live_cart import SessionRules
from data.live.log_memory import LogMemory, read_memory
from data.strict import StrictModel
from explain.cart.scorer import CartScorer
from models.artifacts import load_model
from models.config import CostConfig
from models.recommending.recommender import MODEL as RECOMMENDER_MODEL
from models.recommending.recommender import Recommender

MODEL, FEATURES, THRESHOLD = "abandonment.keras", "features.json", "threshold.json"
BACKGROUND, RULES, RECOMMENDER = "background.parquet", "rules.json", "recommender"
NEEDED = (MODEL, FEATURES, THRESHOLD, BACKGROUND, RULES)


class CartRules(StrictModel):
    """What a run was told that an answer depends on."""

    session: SessionRules
    costs: CostConfig
    hide_bought: bool


@dataclass(frozen=True)
class CartModel:
    """A folder's content, ready to answer."""

    rules: CartRules
    memory: LogMemory
    scorer: CartScorer
    recommender: Recommender | None
    """None where the run made none."""


def read_cart_model(folder: Path) -> CartModel:
    """All of a folder.

    Raises:
        InputError: a file is missing or broken, or visitors' ids are hashed and there is no key.
    """
    memory, rules = read_memory(folder), read_rules(folder)
    rules.session.check_key()
    recommends = (folder / RECOMMENDER / RECOMMENDER_MODEL).exists()
    recommender = Recommender.load(folder / RECOMMENDER) if recommends else None
    return CartModel(rules, memory, read_scorer(folder, memory, rules.costs), recommender)


def read_scorer(folder: Path, memory: LogMemory, costs: CostConfig) -> CartScorer:
    """The abandonment model of a folder, over a log and at costs that need not be the folder's own.

    Raises:
        InputError: a file is missing or broken.
    """
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{folder} should hold an abandonment model as this version registers it. Received: one without "
            f"{' and '.join(missing)}; register it anew: python -m pipeline run --from register"
        )
    specs = read_features(folder / FEATURES)
    strange = {spec.name for spec in specs} - {feature.name for feature in LIVE}
    if strange:
        raise InputError(
            f"{folder} should hold a model of features that live carts have. Received: one that takes "
            f"{', '.join(sorted(strange))} as well"
        )
    rows = pd.read_parquet(folder / BACKGROUND)
    background = from_frame(rows.assign(**dict.fromkeys(KEYS)), specs)
    threshold = float(json.loads((folder / THRESHOLD).read_text())["value"])
    return CartScorer(load_model(folder / MODEL), specs, background, costs, threshold, memory)


def read_rules(folder: Path) -> CartRules:
    """The rules of a folder."""
    return CartRules.model_validate_json((folder / RULES).read_bytes())


def write_background(examples: Examples, folder: Path) -> None:
    """The examples that reasons are measured against; their features alone, since whose they are is nobody's matter."""
    examples.features.to_parquet(folder / BACKGROUND, index=False)
