"""What retrains leave that nothing needs any more: theirs, and that of calls that were killed."""

import shutil
from pathlib import Path

from pipeline.retraining.challenger import LOG, WORK
from pipeline.retraining.champions import PLACE
from pipeline.retraining.composing import KEPT
from pipeline.retraining.decision import FILE
from pipeline.retraining.incoming import ARRIVAL, INCOMING
from pipeline.retraining.state import PARTS, State

DROPPED = ".dropped"


def clear(home: Path, state: State) -> None:
    """Remove what only retrains under way need, but not that of the one that is.

    Pages and decisions stay, and so do the parts of the log and the files of a challenger that is to be heard again.
    Of a part in whose place another one counts goes all but what was found of it: a file that grows day by day would
    fill the disk with copies of itself.

    Args:
        home: the folder of all retrains.
        state: what is known, as it is written.
    """
    known = {part.id for part in state.parts}
    _remove(home / INCOMING, home / DROPPED, *(one for one in (home / PARTS).glob("*") if one.name not in known))
    superseded = (home / PARTS / part.id for part in state.parts if part.superseded)
    _remove(*(file for folder in superseded for file in folder.glob("*") if file.name != ARRIVAL))
    for decision in home.glob(f"*/{FILE}"):
        if decision.parent.name != state.pending:
            _remove(*(decision.parent / name for name in (WORK, PLACE, LOG)))
            if decision.parent.name != state.kept:
                _remove(decision.parent / KEPT)


def drop(folder: Path) -> None:
    """Remove a folder of which a later call could take up what a kill had left; it goes whole, or stays whole."""
    aside = folder.with_name(DROPPED)
    _remove(aside)
    if folder.exists():
        folder.rename(aside)
    _remove(aside)


def _remove(*paths: Path) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
