"""`models` and `rollback`: what is registered, and back to the champion before."""

import json
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from data.errors import InputError
from explain.wording import metric_name
from pipeline.retraining.champions import names_of
from pipeline.retraining.going_back import go_back
from pipeline.retraining.state import HOME, check_store, read_state
from pipeline.runner import CONFIG, read_config
from pipeline.store import open_store, store_name
from pipeline.tracking.champions import known_model

if TYPE_CHECKING:
    from mlflow import MlflowClient

FIGURES = ("auc", "log_loss", "ece", "recall_at_20", "mrr_at_20")
"""Metrics shown in the table; `--json` has all of them."""

WIDTH = 150
"""Columns the table takes at least: a narrow terminal wraps its lines, and nothing is cut off."""


@dataclass(frozen=True)
class Version:
    """One version of a registered model."""

    model: str
    """Name of the model."""

    version: str
    """Number of the version."""

    aliases: tuple[str, ...]
    """`champion`, `challenger` or none."""

    registered: str
    """When, ISO 8601, UTC."""

    run_id: str | None
    """Run it was trained in."""

    tags: dict[str, str]
    """Data window, configuration, code and metrics."""

    @property
    def window(self) -> str:
        """First and last day of the examples it was trained and chosen on."""
        first = min((self.tags[key] for key in ("train_from", "validation_from") if key in self.tags), default=None)
        last = max((self.tags[key] for key in ("train_to", "validation_to") if key in self.tags), default=None)
        return " to ".join(moment[:10] for moment in (first, last) if moment)


def models_command(as_json: bool) -> None:
    """List the versions of all registered models, the newest first."""
    versions = _versions(open_store())
    if as_json:
        sys.stdout.write(json.dumps([asdict(one) for one in versions], indent=1) + "\n")
        return
    console = Console(highlight=False, soft_wrap=True)
    if not versions:
        console.print(Text(f"The registry at {store_name()} has no model yet. Run first: python -m pipeline run"))
        return
    console.width = max(console.width, WIDTH)
    console.print(_table(versions))


def rollback_command(name: str | None, workdir: Path) -> None:
    """Undo the newest promotion: all that it made champion, or one model alone, and let the work folder serve that.

    Raises:
        InputError: it is not clear which models are meant, or there is nothing to go back to.
    """
    client = open_store()
    done = go_back(client, _meant(client, workdir) if name is None else [known_model(client, name).name], workdir)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    if done.resumed:
        console.print("An earlier rollback was stopped before it was done; this finished it, and went back no further.")
    for one in done.changes:
        console.print(
            f"{one.model}: version {one.now} is the champion again; version {one.left} was left. "
            f"What loads models:/{one.model}@champion gets version {one.now} from now on."
        )
    if done.served:
        console.print(f"{workdir} serves the champions: `score`, `recommend` and a running `serve` use them.")
    elif done.served is not None:
        followed = " and ".join(f"models:/{one.model}@champion" for one in done.changes)
        console.print(
            f"{workdir} serves the same models as before: it has kept none that go with all champions. Where a "
            f"promotion was of two models, roll back the other one too; or let `serve` follow the registry, by its "
            f"`--abandonment` and `--recommender`: {followed}"
        )


def _meant(client: "MlflowClient", workdir: Path) -> list[str]:
    """The models whose newest promotion is undone: those of the work folder's run, or the only one there is."""
    known = sorted(str(model.name) for model in client.search_registered_models(max_results=1000))
    if (workdir / CONFIG).exists():
        state = read_state(workdir / HOME)
        if state:
            check_store(workdir / HOME, state)
        own = names_of(read_config(workdir)).values()
        names = [name for name in known if name in own]
    else:
        names = known if len(known) == 1 else []
    if not names:
        raise InputError(
            f"`--workdir` should be the folder of a run whose models are registered, or `--model` name the one to roll "
            f"back. Received: {workdir} and no model; the registry at {store_name()} has "
            f"{', '.join(known) or 'no model yet'}."
        )
    return names


def _versions(client: "MlflowClient") -> list[Version]:
    found = []
    for model in sorted(client.search_registered_models(max_results=1000), key=lambda one: str(one.name)):
        aliases: dict[str, list[str]] = {}
        for alias, version in sorted(model.aliases.items()):
            aliases.setdefault(str(version), []).append(alias)
        listed = client.search_model_versions(f"name = '{model.name}'", max_results=10_000)
        for one in sorted(listed, key=lambda one: -int(one.version)):
            found.append(_version(one, tuple(aliases.get(str(one.version), ()))))
    return found


def _version(found: Any, aliases: tuple[str, ...]) -> Version:
    when = datetime.fromtimestamp(found.creation_timestamp / 1000, UTC).isoformat(timespec="seconds")
    return Version(found.name, str(found.version), aliases, when, found.run_id or None, dict(found.tags))


def _table(versions: list[Version]) -> Table:
    shown = [name for name in FIGURES if any(name in one.tags for one in versions)]
    table = Table(box=None)
    for title in ("model", "version", "aliases", "registered (UTC)", "examples of", "code"):
        table.add_column(title, no_wrap=True)
    for name in shown:
        table.add_column(metric_name(name), justify="right")
    for one in versions:
        figures = [f"{float(one.tags[name]):.4f}" if name in one.tags else "" for name in shown]
        facts = [one.registered[:16].replace("T", " "), one.window, one.tags.get("code", "")[:9]]
        # Text, since a name or a tag is the user's and may hold what rich takes for a style.
        table.add_row(*map(Text, [one.model, one.version, ", ".join(one.aliases), *facts, *figures]))
    return table
