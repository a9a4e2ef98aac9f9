"""The abandonment model as a function from a frame of features to probabilities."""

from pathlib import Path
from typing import Any

import pandas as pd

from data.feature import Feature, read_features
from models.abandonment import run
from models.artifacts import load_model
from models.encoder import as_inputs

MODEL = "abandonment.keras"
FEATURES = "features.json"


class AbandonmentModel:
    """Answers n rows of features with `abandonment_probability`."""

    def __init__(self, model: Any, specs: tuple[Feature, ...]) -> None:
        self._model, self._specs = model, specs

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002
        """Probability in [0, 1] that each cart is abandoned.

        Args:
            model_input: n rows with one column per feature, in any order; NaN or None where unknown.
            params: not used; MLflow hands it over.
        """
        probability = run(self._model, as_inputs(model_input[[spec.name for spec in self._specs]], self._specs))[:, 0]
        return pd.DataFrame({"abandonment_probability": probability.astype("float64")}, index=model_input.index)


def _load_pyfunc(folder: str) -> AbandonmentModel:
    return AbandonmentModel(load_model(Path(folder) / MODEL), read_features(Path(folder) / FEATURES))
