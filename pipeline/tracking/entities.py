"""What is logged of a run besides figures: its data sets and its models."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Dataset:
    """A data set that a run used."""

    name: str
    context: str
    """What it was used for: "training", "validation" or "test"."""
    path: Path
    digest: str
    """Content hash."""


@dataclass(frozen=True)
class LoggedModel:
    """A model to log and register."""

    name: str
    """Name in the registry."""
    loader: str
    """Module whose `_load_pyfunc(folder)` loads it."""
    packages: tuple[str, ...]
    """Packages of this checkout that go with it."""
    libraries: tuple[str, ...]
    """Distributions that they import."""
    folder: Path
    """Files of the model."""
    example: "pd.DataFrame"
    """A few rows of input."""
    output: "pd.DataFrame"
    """What the model answers to them."""
    metrics: Mapping[str, float]
    """Test metrics, kept as tags of the registered version."""
