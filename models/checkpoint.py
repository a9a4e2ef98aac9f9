"""The state of a training after an epoch, in a file that appears whole or not at all."""

import hashlib
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = list[npt.NDArray[Any]]
STATE = "state.npz"


@dataclass(frozen=True)
class State:
    """All that the next epoch depends on."""

    history: dict[str, list[float]]
    """Per epoch so far: its metrics."""

    variables: Arrays
    """Variables of the model and its optimizer."""

    own: Arrays
    """What else the next epoch starts from."""

    best: Arrays
    """Variables of the model after the best epoch so far."""


@dataclass(frozen=True)
class Checkpoint:
    """A file with the latest state of one training."""

    path: Path
    """Where it is kept; its folder exists."""

    key: str
    """What the training depends on; a state under another key is not taken up."""

    start: Path | None = None
    """Another training's file with the same key, to go on from where `path` has no state yet."""

    def save(self, state: State) -> None:
        """Replace the state in the file."""
        groups = {"variables": state.variables, "own": state.own, "best": state.best}
        arrays = {f"{group}_{i:04d}": value for group, values in groups.items() for i, value in enumerate(values)}
        about = json.dumps({"key": self.key, "history": state.history})
        content = io.BytesIO()
        np.savez(content, about=np.array(about), **arrays)  # type: ignore[arg-type]
        partial = self.path.with_suffix(".partial")
        with partial.open("wb") as file:
            file.write(content.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.path)

    def load(self) -> State | None:
        """The state that was saved under the same key, if there is one."""
        return next((state for path in (self.path, self.start) if path and (state := self._read(path))), None)

    def _read(self, path: Path) -> State | None:
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            if about["key"] != self.key:
                return None
            groups = {
                group: [file[name] for name in sorted(file.files) if name.startswith(f"{group}_")]
                for group in ("variables", "own", "best")
            }
        return State(about["history"], groups["variables"], groups["own"], groups["best"])


@dataclass(frozen=True)
class Place:
    """Where a training keeps its state, and how far it goes this time."""

    folder: Path
    """Existing folder for the state."""

    start: Path | None = None
    """Folder of an earlier, shorter training of the same kind to go on from."""

    epochs: int | None = None
    """Epochs after which it stops, where the configuration has more."""

    def checkpoint(self, *known: str | int | bool) -> Checkpoint:
        """The state's file, for a training that depends on what is `known`."""
        key = hashlib.sha256(json.dumps(known).encode()).hexdigest()
        return Checkpoint(self.folder / STATE, key, self.start / STATE if self.start else None)
