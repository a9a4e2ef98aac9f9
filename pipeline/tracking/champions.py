"""Which version of a registered model is the champion, and which ones were before it.

The alias is what clients follow; the model's tag `champions` keeps the versions that held it, oldest first. The two
cannot be written in one step, so each change writes them in the order after which a killed one is mended by the next.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from data.errors import InputError
from pipeline.tracking.decisions import RETRAIN, version_of_retrain

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION, CHALLENGER = "champion", "challenger"
HISTORY = "champions"
PROMOTED_IN = "promoted_in"
"""Tag of a version: the retrain that promoted it, where another one had trained it."""

REMEMBERED = 100
"""Champions kept in the history; MLflow's tags hold 5,000 characters."""


def promote(client: "MlflowClient", name: str, version: str) -> None:
    """Make a version the champion; the one before it is where `roll_back` goes."""
    history = _history(client, name)
    if history[-1:] != [version]:
        # The alias first: after a kill in between, the next call adds the champion to the history.
        client.set_registered_model_alias(name, CHAMPION, version)
        history.append(version)
    _keep(client, name, history)


def newest_promotion(client: "MlflowClient", names: Collection[str]) -> list[str]:
    """Of these models, those that the newest promotion among them was of: several where one retrain promoted several.

    The first champion that a run gave a model was no promotion; the first that a retrain gave it was.

    Raises:
        InputError: none of them was promoted, or the alias of one of several was moved by hand, nobody knows when.
    """
    found = {name: champion_of(client, name) for name in names}
    versions = {name: client.get_model_version(name, one) for name, one in found.items() if one is not None}
    champions = {
        name: one for name, one in versions.items() if RETRAIN in one.tags or former_champion(client, name) is not None
    }
    if not champions:
        raise InputError(
            f"`rollback` should come after a promotion. Received: none to undo; {', '.join(names)} "
            f"{'has' if len(names) == 1 else 'have'} no earlier champion that is still there."
        )
    by_hand = [name for name in champions if not _noted(client, name)]
    if by_hand and len(champions) > 1:
        raise InputError(
            f"`--model` should name what to roll back, one of {', '.join(champions)}: the champion of "
            f"{' and of '.join(by_hand)} was set by hand, so that nobody knows which promotion was the last."
        )
    newest = max(champions, key=lambda name: _promoted_at(client, champions[name]))
    retrain = _promoted_in(champions[newest])
    together = [name for name, one in champions.items() if retrain and _promoted_in(one) == retrain]
    return together or [newest]


def _promoted_in(version: Any) -> str | None:
    """Id of the retrain that made a version the champion, which may have come after the one that trained it."""
    found: str | None = version.tags.get(PROMOTED_IN, version.tags.get(RETRAIN))
    return found


def _promoted_at(client: "MlflowClient", version: Any) -> int:
    """When a champion was made one, in milliseconds: when that retrain registered the challenger of its own."""
    retrain = version.tags.get(PROMOTED_IN)
    own = version_of_retrain(client, version.name, retrain) if retrain else None
    return int((client.get_model_version(version.name, own) if own else version).creation_timestamp)


def former_champion(client: "MlflowClient", name: str) -> str | None:
    """The version that `roll_back` would go to; None where there is none."""
    before, _ = _way_back(client, name)
    return before[-1] if before else None


def roll_back(client: "MlflowClient", name: str) -> tuple[str, str]:
    """Make the version that was champion before the present one the champion again.

    Returns:
        The version left and the version that is champion now.

    Raises:
        InputError: there is no such model, it has no champion, or none was champion before that is still there.
    """
    before, left = _way_back(client, name)
    if not before:
        raise InputError(
            f"`--model` should be a model with an earlier champion to go back to. Received: {name}, whose champion, "
            f"version {left}, is the first one that is still there."
        )
    target = before[-1]
    # The alias last: after a kill in between the champion is still the one to leave, and the same call does it all.
    _keep(client, name, before)
    client.set_model_version_tag(name, left, "rolled_back", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} to {target}")
    client.set_registered_model_alias(name, CHAMPION, target)
    return left, target


def known_model(client: "MlflowClient", name: str) -> Any:
    """The registered model of a name.

    Raises:
        InputError: there is none.
    """
    models = list(client.search_registered_models(max_results=1000))
    for model in models:
        if model.name == name:
            return model
    known = ", ".join(sorted(model.name for model in models)) or "no model yet"
    raise InputError(f"`--model` should be a registered model. Received: {name}; the registry has {known}.")


def champion_of(client: "MlflowClient", name: str) -> str | None:
    """The version of a model that is its champion; None where there is none, or no such model."""
    aliases = {model.name: model.aliases for model in client.search_registered_models(max_results=1000)}
    version = aliases.get(name, {}).get(CHAMPION)
    return None if version is None else str(version)


def _way_back(client: "MlflowClient", name: str) -> tuple[list[str], str]:
    """The champions before the present one, without those that are gone, and the present one."""
    history = _history(client, known_model(client, name).name)
    if not history:
        raise InputError(f"`--model` should be a model with a champion. Received: {name}, which has none.")
    present = {str(found.version) for found in client.search_model_versions(f"name = '{name}'", max_results=10_000)}
    *before, left = history
    while before and (before[-1] not in present or before[-1] == left):
        before.pop()
    return before, left


def _history(client: "MlflowClient", name: str) -> list[str]:
    """Champions so far, the present one last. What was moved by hand in the UI is noted here, when it is first seen."""
    model = client.get_registered_model(name)
    history = model.tags.get(HISTORY, "").split()
    champion = model.aliases.get(CHAMPION)
    if champion is not None and history[-1:] != [str(champion)]:
        history.append(str(champion))
    return history if champion is not None else []


def _noted(client: "MlflowClient", name: str) -> bool:
    """Whether the champion came by `promote` or `roll_back`, and not by an alias that was moved by hand since."""
    model = client.get_registered_model(name)
    return bool(model.tags.get(HISTORY, "").split()[-1:] == [str(model.aliases.get(CHAMPION))])


def _keep(client: "MlflowClient", name: str, history: list[str]) -> None:
    client.set_registered_model_tag(name, HISTORY, " ".join(history[-REMEMBERED:]))
