"""The recommender of a run, for the commands that recommend."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import InputError

if TYPE_CHECKING:
    from models.recommender import Recommender


def no_recommender(workdir: Path) -> str | None:
    """Why the run in a work folder made no recommender; nothing where it made one.

    Raises:
        InputError: the run has not trained yet.
    """
    try:
        history = json.loads((workdir / "train" / "history.json").read_text())
    except FileNotFoundError:
        raise InputError(f"{workdir} has no model yet. Run first: python -m pipeline run --workdir {workdir}") from None
    why: str | None = history["recommender"].get("skipped")
    return why


def need_recommender(workdir: Path) -> None:
    """Say so where a run has no recommender, before anything heavy is imported.

    Raises:
        InputError: the run made none.
    """
    why = no_recommender(workdir)
    if why:
        raise InputError(f"The run in {workdir} has no recommender, which this command needs: {why}.")


def load_recommender(workdir: Path) -> "Recommender":
    """The recommender of the run in a work folder.

    Raises:
        InputError: its files are missing or broken.
    """
    from models.recommender import Recommender

    return Recommender.load(workdir / "train")
