"""New files: each is ingested and held to the log before it, then accepted or refused."""

import json
import shutil
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from data.engine import engine, read_parquet
from data.errors import InputError
from data.growing.log_parts import leave_out_future, measure_added, write_log
from data.growing.log_profile import Profile, profile, together
from data.growing.new_data import Check, check_new, check_volume, refusal
from data.raw.ingest import ingest
from pipeline.config import PipelineConfig
from pipeline.progress import Progress
from pipeline.retraining.arrivals import Arrival, alone, arrivals, as_named_now, contents, rules_digest
from pipeline.retraining.state import PARTS, Part, Refused, State, events_of
from pipeline.workdir import write_whole

INCOMING = ".incoming"
"""Folder for what is needed only while new files are read."""

QUARANTINE = "quarantine"
"""Folder for the bad rows of refused files, a file each."""

ARRIVAL = "arrival.json"
"""What was found of an accepted part, in its folder: whoever decides on it may be another call."""


@dataclass(frozen=True)
class Judged:
    """What was found of an arrival."""

    arrival: Arrival
    checks: tuple[Check, ...]
    reason: str | None
    """Why it is refused; None where it is accepted."""

    profile: Profile | None = None
    """What its events are like; None where it could not be read."""

    def as_table(self) -> dict[str, Any]:
        """As plain JSON-ready values."""
        checks = [asdict(check) for check in self.checks]
        return {"id": self.arrival.id, "files": list(self.arrival.names), "reason": self.reason, "checks": checks}


def take_in(
    config: PipelineConfig, home: Path, state: State, progress: Progress, now: datetime
) -> tuple[State, list[Judged]]:
    """Accept or refuse what is new.

    Args:
        config: source, rules and engine.
        home: the folder of all retrains.
        state: what is known.
        progress: where to say what is going on.
        now: the present moment, UTC without a zone.

    Returns:
        The state that comes of it, which is not written yet, and what was found of each arrival.
    """
    found = contents(config)
    state = as_named_now(state, found)
    waiting = arrivals(config, state, found)
    if not waiting:
        return state, []
    scratch = home / INCOMING
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    log = scratch / "log.parquet"
    write_log([events_of(home, part) for part in state.active], log, config.engine, scratch)
    judged = [_judge(config, home, one, log, scratch, progress, now) for one in waiting]
    judged = _by_volume(config, judged, log, scratch)
    for one in judged:
        if one.reason:
            state = _refuse(config, home, state, one, progress)
        else:
            state = _accept(config, home, state, one, progress, now)
    shutil.rmtree(scratch)
    return state, judged


def _judge(
    config: PipelineConfig, home: Path, arrival: Arrival, log: Path, scratch: Path, progress: Progress, now: datetime
) -> Judged:
    progress.started(f"reading {', '.join(arrival.names)}")
    folder = home / PARTS / arrival.id
    shutil.rmtree(folder, ignore_errors=True)  # of a retrain that was killed
    folder.mkdir(parents=True)
    source, path = alone(config.source, arrival, scratch / arrival.id)
    try:
        copy = home / QUARANTINE / f"{arrival.id}.parquet"
        ingest(source, config.ingest, config.engine, path, folder, quarantine_copy=copy)
    except InputError as why:
        return Judged(arrival, (), str(why))
    with engine(config.engine, scratch) as backend:
        history, part = read_parquet(backend, log), read_parquet(backend, folder / "events.parquet")
        checks = check_new(history, part, config.retrain.data, now)
        return Judged(arrival, tuple(checks), refusal(checks), profile(part))


def _by_volume(config: PipelineConfig, judged: list[Judged], log: Path, scratch: Path) -> list[Judged]:
    """Refuse all of it where it is far too much or too little: files that share a day say so only together."""
    accepted = [one.profile for one in judged if one.reason is None and one.profile is not None]
    if not accepted:
        return judged
    with engine(config.engine, scratch) as backend:
        history = profile(read_parquet(backend, log))
    checks = check_volume(history, together(accepted), config.retrain.data)
    why = refusal(checks)
    return [replace(one, checks=(*one.checks, *checks), reason=why) if one.reason is None else one for one in judged]


def _refuse(config: PipelineConfig, home: Path, state: State, one: Judged, progress: Progress) -> State:
    shutil.rmtree(home / PARTS / one.arrival.id, ignore_errors=True)
    progress.finished("new data", "refused", 0.0, f"{', '.join(one.arrival.names)}: {one.reason}")
    refused = Refused(
        names=one.arrival.names, hashes=one.arrival.hashes, settings=rules_digest(config), reason=str(one.reason)
    )
    others = tuple(old for old in state.refused if old.hashes != refused.hashes)
    return state.model_copy(update={"refused": (*others, refused)})


def _accept(config: PipelineConfig, home: Path, state: State, one: Judged, progress: Progress, now: datetime) -> State:
    names, folder = one.arrival.names, home / PARTS / one.arrival.id
    write_whole(folder / ARRIVAL, json.dumps(one.as_table(), indent=1, ensure_ascii=False) + "\n")
    events = folder / "events.parquet"
    future = leave_out_future(events, now, config.engine, folder)
    found = measure_added(events, [events_of(home, part) for part in state.active], config.engine, folder)
    # The same file with other content counts in the place of what it was before.
    replaced = [part for part in state.active if part.names == names]
    stay = [events_of(home, part) for part in state.active if part.names != names]
    gone = {old.id: measure_added(events_of(home, old), [*stay, events], config.engine, folder).events
            for old in replaced}  # fmt: skip
    firsts, lasts = ([getattr(one, edge) for one in (found, *replaced)] for edge in ("first", "last"))
    part = Part(
        id=one.arrival.id, names=names, hashes=one.arrival.hashes,
        events=one.profile.events - future if one.profile else 0, added=found.events, late=found.late,
        first=min((moment for moment in firsts if moment is not None), default=None),
        last=max((moment for moment in lasts if moment is not None), default=None),
    )  # fmt: skip
    progress.finished("new data", "accepted", 0.0, _told(part, future, sum(gone.values())))
    parts = [old.model_copy(update={"superseded": True, "gone": gone[old.id]}) if old.id in gone else old
             for old in state.parts if old.id != part.id]  # fmt: skip
    undecided = tuple(dict.fromkeys((*state.undecided, part.id))) if part.added else state.undecided
    return state.model_copy(update={"parts": (*parts, part), "undecided": undecided})


def _told(part: Part, future: int, gone: int) -> str:
    late = f", {part.late:,} of them late" if part.late else ""
    late += f"; {future:,} more, of the future, left out" if future else ""
    late += f"; {gone:,} that it had before are in it no more, and count no more" if gone else ""
    return f"{', '.join(part.names)}: {part.events:,} events, {part.added:,} of them new{late}"


def undecided_arrivals(home: Path, state: State) -> list[dict[str, Any]]:
    """What was found of each arrival that is still to be decided on, by this call or an earlier one."""
    files = (home / PARTS / part / ARRIVAL for part in state.undecided)
    return [json.loads(file.read_text()) for file in files if file.exists()]
