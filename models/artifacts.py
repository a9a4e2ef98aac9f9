"""Model files: one `.keras` archive whose bytes depend on nothing but the architecture and the weights."""

import importlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from data.errors import InputError

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment a zip archive can name
PACKAGE = "models."
STATELESS = {"keras", "keras.initializers", "keras.regularizers"}  # whether such an object is shared changes nothing


def save_model(model: keras.Model, path: Path) -> None:
    """Write a model as a `.keras` archive that appears whole or not at all.

    Two models with equal configuration and weights give equal bytes: times are fixed, object ids renumbered, and the
    state of the optimizer left out.

    Args:
        model: a built Keras 3 model. Layers of our own are registered and give their `get_config`; every layer, also
            inside another, is named, since Keras numbers nameless ones by how many there were before in the process.
        path: where to write; ends in `.keras`.
    """
    if path.suffix != ".keras":
        raise InputError(f"A model's file should end in `.keras`. Received: {path}")
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        raw, partial = Path(folder, "raw.keras"), Path(folder, "whole.keras")
        keras.saving.save_model(model, raw)
        if getattr(model, "optimizer", None) is not None:
            # A second pass through an uncompiled copy is the one way to drop the optimizer's state with public calls.
            keras.saving.save_model(_load(raw), raw)
        _rewrite(raw, partial)
        partial.replace(path)


def load_model(path: Path) -> keras.Model:
    """Read what `save_model` wrote, in safe mode and not compiled.

    Raises:
        InputError: the file is missing or is no model archive.
    """
    if not path.is_file():
        raise InputError(f"There is no model at {path}. Train one first: python -m pipeline run --from train")
    if not zipfile.is_zipfile(path):
        raise InputError(f"{path} is no model archive (.keras); it may be cut off. Train again: --from train")
    return _load(path)


def _load(path: Path) -> keras.Model:
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
    # Registration happens on import, and a fresh process has not imported our layers yet.
    for module in sorted({value for value in _values(config, "module") if str(value).startswith(PACKAGE)}):
        importlib.import_module(module)
    return keras.saving.load_model(path, compile=False, safe_mode=True)


def _rewrite(source: Path, target: Path) -> None:
    with target.open("wb") as file:
        with zipfile.ZipFile(source) as old, zipfile.ZipFile(file, "w") as new:
            _copy(old, new)
        file.flush()
        os.fsync(file.fileno())


def _copy(old: zipfile.ZipFile, new: zipfile.ZipFile) -> None:
    for name in sorted(old.namelist()):
        content = old.read(name)
        if name == "config.json":
            content = json.dumps(_canonical(json.loads(content), {})).encode()
        elif name == "metadata.json":
            content = json.dumps(json.loads(content) | {"date_saved": "1980-01-01@00:00:00"}).encode()
        new.writestr(zipfile.ZipInfo(name, EPOCH), content)


def _canonical(config: Any, ids: dict[int, int]) -> Any:
    """The configuration with memory addresses renumbered by appearance and without what compiling added."""
    if isinstance(config, list):
        return [_canonical(value, ids) for value in config]
    if not isinstance(config, dict):
        return config
    return {
        key: ids.setdefault(value, len(ids)) if key == "shared_object_id" else _canonical(value, ids)
        for key, value in config.items()
        if key != "compile_config" and not (key == "shared_object_id" and config["module"] in STATELESS)
    }


def _values(config: Any, key: str) -> Iterator[Any]:
    """Every value of a key, at any depth."""
    children: Any = config.values() if isinstance(config, dict) else config if isinstance(config, list) else ()
    if isinstance(config, dict) and key in config:
        yield config[key]
    for child in children:
        yield from _values(child, key)
