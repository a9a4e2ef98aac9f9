"""What one retrain leaves for the next: the parts of the log, what was refused, and what is under way."""

import os
import shutil
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from data.errors import InputError
from data.strict import StrictModel
from pipeline.store import store_name, without_password
from pipeline.workdir import read_manifest, write_whole

HOME = "retrain"
"""Folder of all retrains in a work folder."""

STATE = "state.json"
PARTS = "parts"
FIRST = "run"
"""Id of the part that the run took in."""


class Part(StrictModel):
    """Files that were accepted together."""

    id: str
    """Its folder's name in `parts`."""

    names: tuple[str, ...]
    """The files, relative to the input, as they were called last; none for what the run took in."""

    hashes: tuple[str, ...]
    """Their contents."""

    events: int
    """Accepted rows."""

    added: int
    """Those that the log did not have before."""

    late: int
    """Those of the added ones at or before what was the newest event."""

    first: datetime | None
    """Time of the first row that the log has by this part, or by what it supersedes, UTC; None where there is none."""

    last: datetime | None
    """Time of the last one."""

    superseded: bool = False
    """Whether the same file came again with other content, which then counts in its place."""

    gone: int = 0
    """Rows that the log lost by that."""

    forgotten: bool = False
    """Whether its events were deleted because of their age."""

    @property
    def counts(self) -> bool:
        """Whether its events are part of the log."""
        return not self.superseded and not self.forgotten


class Refused(StrictModel):
    """Files that were not accepted, and are not looked at again as they are."""

    names: tuple[str, ...]
    hashes: tuple[str, ...]
    settings: str
    """Fingerprint of the settings it was refused under; under others it is looked at again."""

    reason: str


class State(StrictModel):
    """All that a retrain knows of the ones before."""

    parts: tuple[Part, ...]
    """Accepted parts, the oldest first."""

    refused: tuple[Refused, ...] = ()
    tracking_uri: str
    """Store whose registry has the champions, without a password; a retrain that goes on in another one would promote
    there unseen."""

    window_from: datetime
    """Newest event of the log when something was last decided: what came later is the newest window, which the champion
    has not learnt from. A challenger learns from the earlier part of it, and both are judged on the rest."""

    undecided: tuple[str, ...] = ()
    """Parts that came after that."""

    kept: str | None = None
    """Id of the retrain whose abandonment challenger was the last not to be promoted, and is heard again."""

    pending: str | None = None
    """Id of the retrain that is under way."""

    @property
    def watermark(self) -> datetime:
        """Time of the newest accepted event, UTC."""
        return max(part.last for part in self.parts if part.last is not None)

    @property
    def active(self) -> tuple[Part, ...]:
        """The parts that make up the log."""
        return tuple(part for part in self.parts if part.counts)


def read_state(home: Path) -> State | None:
    """What the retrains before left; None where there were none.

    Raises:
        InputError: it is of another version of the pipeline.
    """
    file = home / STATE
    if not file.exists():
        return None
    try:
        return State.model_validate_json(file.read_text())
    except ValidationError as error:
        raise InputError(
            f"{file} is of another version of the pipeline: {str(error).splitlines()[0]}. Remove it to start "
            "over from the run."
        ) from None


def check_store(home: Path, state: State) -> None:
    """Make sure that this is the store of the retrains before.

    Raises:
        InputError: it is another.
    """
    before = without_password(state.tracking_uri)
    if before != store_name():
        raise InputError(
            f"`MLFLOW_TRACKING_URI` should be {before}, whose registry has the champion that the retrains "
            f"in {home} are about. Received: {store_name()}. Where the store has moved, set `tracking_uri` in "
            f"{home / STATE}."
        )


def write_state(home: Path, state: State) -> None:
    """Replace it, whole or not at all."""
    write_whole(home / STATE, state.model_dump_json(indent=1) + "\n")


def first_state(workdir: Path, now: datetime) -> State:
    """What a work folder's run took in, as the first part of the log.

    Args:
        workdir: the work folder.
        now: the present moment, UTC without a zone.

    Raises:
        InputError: the folder has no finished run on a log.
    """
    manifest = read_manifest(workdir, "ingest")
    events = workdir / "ingest" / "events.parquet"
    if manifest is None or not events.exists():
        raise InputError(
            f"`retrain` starts from a run, whose champion it challenges. {workdir} has none on a log of events. "
            f"Run first: python -m pipeline run --workdir {workdir} …"
        )
    folder = workdir / HOME / PARTS / FIRST
    folder.mkdir(parents=True, exist_ok=True)
    link(events, folder / events.name)
    from data.growing.log_parts import leave_out_future, measure_added
    from pipeline.runner import read_config

    taken, engine = _events(workdir / HOME, FIRST), read_config(workdir).engine
    leave_out_future(taken, now, engine, folder)
    found = measure_added(taken, (), engine, folder)
    hashes = tuple(str(digest) for digest in manifest["fingerprint"]["input"].values())
    part = Part(
        id=FIRST, names=(), hashes=hashes, events=found.events, added=found.events, late=0,
        first=found.first, last=found.last,
    )  # fmt: skip
    assert found.last is not None
    return State(parts=(part,), tracking_uri=store_name(), window_from=found.last)


def events_of(home: Path, part: Part) -> Path:
    """The accepted events of a part."""
    return _events(home, part.id)


def _events(home: Path, part: str) -> Path:
    return home / PARTS / part / "events.parquet"


def link(source: Path, target: Path) -> None:
    """Give a file a second name where the file system can, so that it takes no room; copy it where not."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
