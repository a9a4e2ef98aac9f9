"""A rescue list of any length: parts in a folder, written one by one, taken up again where a run was stopped."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from data.errors import InputError
from data.open_carts import OpenCarts, open_cart_batches
from data.raw.sources import source_files
from models.nudging.list_total import ListTotal
from pipeline.config import PipelineConfig, settings_of
from pipeline.fingerprint import file_hash
from pipeline.rescue import Rescuer, write_carts, write_rescue
from pipeline.workdir import read_manifest, write_whole

PART = 50_000
"""Carts of a part, which bounds what is in memory."""

STATE, SCRATCH, CARTS = "score.json", ".scratch", "carts.parquet"


@dataclass(frozen=True)
class Parts:
    """A list in parts."""

    total: ListTotal
    """What the list comes to."""

    notes: tuple[str, ...]


def write_parts(
    config: PipelineConfig,
    workdir: Path,
    path: Path,
    out: Path,
    reasons: bool,
    items: bool,
    tell: Callable[[str], None],
    size: int = PART,
) -> Parts:
    """Write `part-00000.parquet`, … and `score.json`; carts are in order of their sessions' ids.

    What an earlier run of the same call has written stays. Each part has the cart whose nudge is worth most first.

    Args:
        config: the run's configuration.
        workdir: the run's folder.
        path: the fresh log.
        out: the folder, made where it is missing.
        reasons: whether to say why.
        items: whether to say what to show.
        tell: what is being done at the moment.
        size: carts of a part.

    Raises:
        InputError: the folder holds something else, the log cannot be read, or it has no open cart.
    """
    if config.source.kind == "features":
        raise InputError(f"`--output` should end in .csv or .parquet for a feature table. Received: {out}")
    tell("reading the log")
    state = {"reasons": reasons, "items": items, "size": size, **_inputs(config, workdir, path)}
    finished = _claim(out, state)
    if finished is not None:
        return finished
    rescuer = Rescuer(config, workdir, reasons, items)
    carts = out / SCRATCH / CARTS
    if not carts.exists():
        aside = carts.with_suffix(".partial")
        write_carts(config, workdir, path, aside, carts.parent, items)
        aside.rename(carts)
    total, done, parts = pq.ParquetFile(carts).metadata.num_rows, 0, []
    for place, batch in enumerate(open_cart_batches(carts, rescuer.specs, size)):
        parts.append(_part(rescuer, batch, out, f"part-{place:05d}"))
        done += len(batch.examples)
        tell(f"{done:,} of {total:,} carts")
    write_whole(out / STATE, json.dumps({"of": state, "parts": parts}, indent=1) + "\n")
    shutil.rmtree(out / SCRATCH)
    return _parts(parts)


def _part(rescuer: Rescuer, carts: OpenCarts, out: Path, name: str) -> dict[str, Any]:
    """Write a part unless it is there, and tell of it."""
    about = out / SCRATCH / f"{name}.json"
    if not about.exists():
        rescue = rescuer(carts)
        write_rescue(rescue.carts, out / f"{name}.parquet")
        told = {"total": asdict(rescue.total), "notes": rescue.notes}
        write_whole(about, json.dumps(told) + "\n")
    told = json.loads(about.read_text())
    return dict(told)


def _inputs(config: PipelineConfig, workdir: Path, path: Path) -> dict[str, Any]:
    """What the list depends on: the files of the log, the models and the settings."""
    source = config.source
    if source.kind == "demo":
        from data.demo import DEMO_SOURCE

        source = DEMO_SOURCE
    manifests = {name: read_manifest(workdir, name) or {} for name in ("ingest", "split", "train", "evaluate")}
    return {
        "log": {str(file): file_hash(file) for file in source_files(source, path)},
        "run": {name: manifest.get("outputs") for name, manifest in manifests.items()},
        "settings": settings_of(config),
    }


def _claim(out: Path, state: dict[str, Any]) -> Parts | None:
    """Take the folder; the list where it is whole already."""
    try:
        out.mkdir(exist_ok=True)
        about = json.loads((out / STATE).read_text()) if (out / STATE).exists() else None
        # Killed while it took the folder, an earlier run of the call has left the beginning of its note, and no more.
        if about is None and any(one.name != f".{STATE}.partial" for one in out.iterdir()):
            raise InputError(f"`--output` should be an empty folder, or end in .csv or .parquet. Received: {out}")
        if about is not None and about["of"] != json.loads(json.dumps(state)):
            raise InputError(
                f"`--output` should be an empty folder, or that of the same list. Received: {out}, whose list is of "
                "another log, other models or other settings"
            )
        if about is None:
            write_whole(out / STATE, json.dumps({"of": state}) + "\n")
        (out / SCRATCH).mkdir(exist_ok=True)
    except (OSError, KeyError, json.JSONDecodeError) as error:
        raise InputError(f"`--output` should be a folder that can be written. Received: {out} ({error})") from None
    return _parts(about["parts"]) if about is not None and "parts" in about else None


def _parts(parts: Sequence[dict[str, Any]]) -> Parts:
    notes = tuple(dict.fromkeys(note for part in parts for note in part["notes"]))
    return Parts(ListTotal.sum(ListTotal(**part["total"]) for part in parts), notes)
