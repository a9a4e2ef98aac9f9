"""The models that a work folder serves after a promotion, put in place by one rename.

`WORKDIR/train` and its siblings become links into `WORKDIR/retrain/current`, itself a link to the set of the moment, so
that all of them change at once. A later `run` writes folders of its own in their place, as it always does.
"""

import shutil
from pathlib import Path

from pipeline.config import PipelineConfig
from pipeline.publishing import publish_report
from pipeline.retraining.composing import FOLDERS, SETS, copy
from pipeline.retraining.state import HOME
from pipeline.runner import CONFIG
from pipeline.summary import write_summary
from pipeline.tracking.tracker import STATE

CURRENT = "current"
MEMBERS = (*FOLDERS, CONFIG, STATE)
"""What makes up a set: folders of stages, and the two files that say what they were made with."""


def switch(config: PipelineConfig, workdir: Path, folder: Path) -> None:
    """Serve a set from now on, and publish its report; done again, it changes nothing."""
    home = workdir / HOME
    if not serves_a_set(workdir):
        before = home / SETS / "before"
        if not (home / CURRENT).is_symlink() or str((home / CURRENT).readlink()) != _address(before):
            shutil.rmtree(before, ignore_errors=True)
            for name in MEMBERS:
                if (workdir / name).exists():
                    copy(workdir / name, before / name)
            _point(home / CURRENT, before)
        _make_links(workdir)
    for name in MEMBERS:  # what links took the place of, here or in a switch that was killed
        shutil.rmtree(_replaced(workdir, name), ignore_errors=True)
    served = (home / CURRENT).resolve()
    if served != folder.resolve():
        # Before the switch: done again after a kill, it would take the set from before for one that nobody reads.
        _clean(home, {folder.resolve(), served})
        _point(home / CURRENT, folder)
    publish_report(workdir, config)
    write_summary(workdir, config, {})


def _address(folder: Path) -> str:
    """What `current` says to mean a set."""
    return f"{SETS}/{folder.name}"


def _point(mark: Path, folder: Path) -> None:
    aside = mark.with_name(f".{mark.name}.partial")
    aside.unlink(missing_ok=True)
    aside.symlink_to(_address(folder))
    aside.replace(mark)


def _target(name: str) -> str:
    return f"{HOME}/{CURRENT}/{name}"


def serves_a_set(workdir: Path) -> bool:
    """Whether all that a work folder serves is what a promotion put in place."""
    return all((workdir / name).is_symlink() and str((workdir / name).readlink()) == _target(name) for name in MEMBERS)


def served_folder(workdir: Path) -> Path:
    """Where what a work folder serves lies at the moment, for a reader of several of its files: a promotion in between
    leaves them as they are, where the work folder itself would have some of the models before and some of those after.
    """
    return (workdir / HOME / CURRENT).resolve() if serves_a_set(workdir) else workdir


def _make_links(workdir: Path) -> None:
    """Put links where the folders are; what they lead to is the same, so that nobody sees the difference."""
    for name in MEMBERS:
        place, aside = workdir / name, workdir / f".{name}.link"
        aside.unlink(missing_ok=True)
        aside.symlink_to(_target(name))
        if place.is_dir() and not place.is_symlink():
            old = _replaced(workdir, name)
            shutil.rmtree(old, ignore_errors=True)
            # A rename does not replace a folder: for an instant there is nothing here, as whenever a stage finishes.
            place.rename(old)
            aside.rename(place)
        else:
            aside.replace(place)


def _replaced(workdir: Path, name: str) -> Path:
    """Where a folder goes that gives way to a link."""
    return workdir / f".{name}.old"


def _clean(home: Path, kept: set[Path]) -> None:
    """Remove sets that are served no more; the one before stays for readers that have it open."""
    for one in (home / SETS).iterdir():
        if one.resolve() not in kept:
            shutil.rmtree(one)
