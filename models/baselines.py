"""What a user would pick instead of a network, trained on the same rows."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

from data.errors import InputError
from data.examples import Examples
from models.abandonment import run
from models.category_encoder import as_strings
from models.encoder import as_inputs, columns_of, fit_encoder

Floats = npt.NDArray[np.float64]

MAX_CATEGORIES = 250
"""Categories of a feature that gradient boosting tells apart; it takes at most 255."""


def baseline_scores(
    train: Examples, validation: Examples, test: Examples, names: Sequence[str], seed: int
) -> dict[str, Floats]:
    """Probabilities of "abandoned" for the test examples.

    The validation examples stop gradient boosting early, as they stop the network, and nothing more; logistic
    regression does not need them. Neither is calibrated further: both minimize the log loss directly.

    Args:
        train: examples to fit.
        validation: examples that stop training.
        test: n examples to score; their labels are not looked at.
        names: "logistic_regression", "gradient_boosting".
        seed: of gradient boosting.

    Returns:
        name → (n,) in [0, 1].
    """
    unknown = [name for name in names if name not in BASELINES]
    if unknown:
        raise InputError(f"A baseline should be one of {', '.join(BASELINES)}. Received: {unknown[0]}")
    return {name: BASELINES[name](train, validation, test, seed) for name in names}


def logistic_regression(train: Examples, validation: Examples, test: Examples, seed: int) -> Floats:  # noqa: ARG001
    """L2-penalized logistic regression on the network's own encoding: standardized, one-hot, indicators of gaps."""
    encoder = fit_encoder(train, intervals=0)
    fit = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1000))
    fit.fit(_encoded(encoder, train), train.abandoned)
    scores: Floats = fit.predict_proba(_encoded(encoder, test))[:, 1]
    return scores


def gradient_boosting(train: Examples, validation: Examples, test: Examples, seed: int) -> Floats:
    """Histogram gradient boosting, stopped where the validation loss no longer falls."""
    numeric, categorical = columns_of(train.specs, "numeric"), columns_of(train.specs, "categorical")
    ordinal = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=np.nan, max_categories=MAX_CATEGORIES, dtype=np.float32
    )

    def matrix(side: Examples) -> npt.NDArray[np.float32]:
        values = side.features[numeric].to_numpy(np.float32)
        return np.hstack([values, ordinal.transform(_words(side, categorical))]) if categorical else values

    if categorical:
        ordinal.fit(_words(train, categorical))
    model = HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=500,
        max_leaf_nodes=15,
        l2_regularization=1.0,
        early_stopping=True,
        n_iter_no_change=20,
        categorical_features=np.arange(len(numeric), len(numeric) + len(categorical)) if categorical else None,
        random_state=seed,
    )
    model.fit(matrix(train), train.abandoned, X_val=matrix(validation), y_val=validation.abandoned)
    scores: Floats = model.predict_proba(matrix(test))[:, 1]
    return scores


BASELINES: dict[str, Callable[[Examples, Examples, Examples, int], Floats]] = {
    "logistic_regression": logistic_regression,
    "gradient_boosting": gradient_boosting,
}


def _encoded(encoder: keras.Model, side: Examples) -> Floats:
    return run(encoder, as_inputs(side.features, side.specs)).astype(np.float64)


def _words(side: Examples, columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame({name: as_strings(side.features[name]) for name in columns})
