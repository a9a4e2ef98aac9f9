"""What is said of the model as a whole, and its files."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from explain.whole.interactions import Interactions
from explain.whole.parts import Parts
from explain.whole.related import Related
from explain.whole.shapes import Shape
from explain.whole.stand_ins import StandIns


@dataclass(frozen=True)
class Whole:
    """What is said of the model as a whole; each field has its file, such as `shapes.json`."""

    shapes: tuple[Shape, ...]
    interactions: Interactions
    related: Related
    stand_ins: StandIns
    parts: Parts


def write_whole(whole: Whole, folder: Path) -> None:
    """Write the files."""
    for name, kind in _kinds().items():
        (folder / f"{name}.json").write_bytes(kind.dump_json(getattr(whole, name), indent=1) + b"\n")


def read_whole(folder: Path) -> Whole:
    """Read what `write_whole` wrote."""
    return Whole(
        **{name: kind.validate_json((folder / f"{name}.json").read_bytes()) for name, kind in _kinds().items()}
    )


def _kinds() -> dict[str, TypeAdapter[Any]]:
    hints = get_type_hints(Whole)
    return {field.name: TypeAdapter(hints[field.name]) for field in fields(Whole)}
