"""The recommender of a run, for the commands that recommend."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import InputError

if TYPE_CHECKING:
    from models.recommending.recommender import Recommender


NAMED = 10
"""Items named in a note; of more, how many."""


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
    from models.recommending.recommender import Recommender

    return Recommender.load(workdir / "train")


def listed(items: Sequence[str]) -> str:
    """Items as they stand in a note, the first ones where there are many."""
    return ", ".join(items[:NAMED]) + (f" and {len(items) - NAMED:,} more" if len(items) > NAMED else "")


def unknown_note(what: str, items: Sequence[str]) -> str:
    """That items which are not to be shown are not known, after their number: "3 of 10 items in FILE are not …"."""
    return f"{len(items):,} {what} are not known, so they could not come anyway: {listed(items)}."
