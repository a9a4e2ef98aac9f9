"""The stand-in that adds up: a logistic regression on the network's predictions."""

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from data.examples import Examples
from explain.attributing.lookup import Floats
from explain.whole.stand_ins import Term
from models.abandonment import run
from models.encoder import as_inputs, fit_encoder

PENALTY = 0.01  # a cart: lets no two features that go together cancel out in large coefficients
OTHER = "other"


def fit_regression(examples: Examples, log_odds: Floats, test: Examples) -> tuple[Floats, tuple[Term, ...]]:
    """Fit a logistic regression to predicted risks, by least squares on their log-odds (Berkson 1944).

    The features enter as they do in the logistic regression that the report compares with: numbers with long tails by
    their logarithm, clipped to what was seen; one column for each category and for each gap.

    Args:
        examples: n carts to fit to.
        log_odds: (n,) the network's log-odds of them.
        test: m carts to tell of.

    Returns:
        The log-odds (m,) that it gives the test carts, and its terms, the strongest first.
    """
    encoder = fit_encoder(examples, intervals=0)
    model = make_pipeline(StandardScaler(), Ridge(alpha=PENALTY * len(examples)))
    model.fit(_encoded(encoder, examples), log_odds)
    told: Floats = model.predict(_encoded(encoder, test))
    terms = _terms(encoder, model[-1].coef_, np.asarray(model[0].scale_))
    return told, tuple(sorted(terms, key=lambda term: -abs(term.spread)))


def _encoded(encoder: object, examples: Examples) -> Floats:
    return run(encoder, as_inputs(examples.features, examples.specs)).astype(np.float64)


def _terms(encoder: object, coefficients: Floats, scales: Floats) -> list[Term]:
    """A term for each column of the encoding, whose order is that of `models.encoder`."""
    terms: list[Term] = []
    for layer in encoder.layers:  # type: ignore[attr-defined]
        if not hasattr(layer, "encoded_columns"):
            continue
        start = len(terms)
        if hasattr(layer, "vocabularies"):
            names = [
                (name, word, False)
                for name, words in zip(layer.columns, layer.vocabularies, strict=True)
                for word in (OTHER, *words)
            ]
        else:
            names = [(name, None, False) for name in layer.columns]
            names += [(layer.columns[gap], None, True) for gap in layer.gaps]
        for column, (name, level, gap) in enumerate(names, start):
            # A column of zeros and ones is told for the whole step, a number for one standard deviation.
            step = scales[column] if gap or level is not None else 1.0
            terms.append(Term(name, level, gap, float(coefficients[column] / step), float(coefficients[column])))
    return terms
