"""How far two samples of one feature are apart: population stability index and Kolmogorov–Smirnov."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64] | Floats

PRIOR = 0.5
"""Added to the count of every bin, so that an empty one has no infinite share (Jeffreys' prior)."""

DECILES = np.arange(1, 10) / 10


@dataclass(frozen=True)
class Bins:
    """One feature cut into the same bins in both samples; bins that are empty in both are left out."""

    labels: tuple[str, ...]
    """What each bin holds, such as "2 to 5"."""

    reference: Floats
    """(B,) rows of the reference in each, by their weight."""

    current: Floats
    """(B,) rows of the current sample."""


def numeric_bins(reference: Floats, current: Floats, weights: Floats | None = None) -> Bins:
    """Bins by the reference's deciles; unknown values have their own, and so has a value that two deciles fall on.

    A strictly increasing change of scale of both samples moves no row to another bin.

    Args:
        reference: (n,) values, NaN where unknown.
        current: (m,) the same.
        weights: (n,) of the reference's rows, above 0; 1 where not given.
    """
    weights = np.ones(len(reference)) if weights is None else weights
    known = ~np.isnan(reference)
    deciles = (
        np.quantile(reference[known], DECILES, method="inverted_cdf", weights=weights[known])
        if known.any()
        else np.zeros(0)
    )
    edges, times = np.unique(deciles, return_counts=True)
    atoms = edges[times > 1]

    def place(values: Floats) -> npt.NDArray[np.int64]:
        where = np.searchsorted(edges, values, side="left") + np.searchsorted(atoms, values, side="right")
        return np.where(np.isnan(values), len(edges) + len(atoms) + 1, where)

    places, size = (place(reference), place(current)), len(edges) + len(atoms) + 2
    before, now = _counts(places[0], size, weights), _counts(places[1], size)
    held = np.flatnonzero(before + now)
    everything, bins = np.concatenate([reference, current]), np.concatenate(places)
    labels = tuple("unknown" if bin == size - 1 else _range(everything[bins == bin]) for bin in held)
    return Bins(labels, before[held], now[held])


def categorical_bins(reference: pd.Series, current: pd.Series, weights: Floats | None = None) -> Bins:
    """One bin a category, by name, and one for unknown; arguments as of `numeric_bins`, None where unknown."""
    words = sorted({str(word) for one in (reference, current) for word in one.dropna().unique()})
    codes = {word: place for place, word in enumerate(words)}
    places = [np.asarray(one.map(codes).fillna(len(words)), dtype=np.int64) for one in (reference, current)]
    unknown = any(one.isna().any() for one in (reference, current))
    labels = (*words, *(["unknown"] if unknown else []))
    return Bins(labels, _counts(places[0], len(labels), weights), _counts(places[1], len(labels)))


def psi(reference: Counts, current: Counts) -> float:
    """Population stability index of two (B,) counts: Σ (q − p) ln(q / p), p and q the bins' shares.

    The sum of the two Kullback–Leibler divergences (Jeffreys 1946; as PSI in Siddiqi 2006, "Credit Risk Scorecards"):
    0 where the shares are equal, the same if the samples change places. `PRIOR` is added to every count.
    """
    p, q = ((counts + PRIOR) / (counts.sum() + PRIOR * len(counts)) for counts in (reference, current))
    return float(((q - p) * np.log(q / p)).sum())


def psi_by_chance(bins: int, reference: float, current: float, confidence: float) -> float:
    """What the PSI of two samples of one distribution stays below with this probability.

    It follows (1/n + 1/m) χ² with B − 1 degrees of freedom (Yurdakul & Naranjo 2020, "Statistical properties of the
    population stability index", Journal of Risk Model Validation 14).

    Args:
        bins: B.
        reference: n, independent rows.
        current: m.
        confidence: the probability.
    """
    return float(stats.chi2.ppf(confidence, max(bins - 1, 1)) * (1 / reference + 1 / current))


def kolmogorov_smirnov(
    reference: Floats, current: Floats, independent: tuple[float, float], weights: Floats | None = None
) -> tuple[float, float] | tuple[None, None]:
    """Largest distance between the two distribution functions, and its p-value; None where a sample has no value.

    Args:
        reference: values, NaN where unknown; those are left out.
        current: the same.
        independent: how many of each are independent (sessions): rows of one session say nearly the same, and counted
            as rows the p-value would be far too small. With as many as rows it is SciPy's asymptotic one.
        weights: of the reference's rows, above 0; 1 where not given.
    """
    weights = np.ones(len(reference)) if weights is None else weights
    weighed = [
        (values[known], weight[known])
        for values, weight in ((reference, weights), (current, np.ones(len(current))))
        if (known := ~np.isnan(values)).any()
    ]
    if len(weighed) < 2:
        return None, None
    grid = np.unique(np.concatenate([values for values, _ in weighed]))
    before, now = (_shares_up_to(grid, *one) for one in weighed)
    distance = float(np.abs(before - now).max())
    n, m = (min(len(values), count) for (values, _), count in zip(weighed, independent, strict=True))
    return distance, float(np.clip(stats.kstwo.sf(distance, max(1.0, np.round(n * m / (n + m)))), 0.0, 1.0))


def holm(p_values: Floats) -> Floats:
    """(m,) p-values adjusted for m tests: any below α is a finding, with at most α for one false one (Holm 1979)."""
    order = np.argsort(p_values, kind="stable")
    steps = np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1))
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def _counts(places: npt.NDArray[np.int64], size: int, weights: Floats | None = None) -> Floats:
    """(size,) rows at each place, by their weight."""
    return np.bincount(places, weights, minlength=size).astype(np.float64)


def _shares_up_to(grid: Floats, values: Floats, weights: Floats) -> Floats:
    """(G,) the weighed share of the values that are no larger than each point of a rising grid, which has them all."""
    sums = np.cumsum(np.bincount(np.searchsorted(grid, values), weights, minlength=len(grid)))
    shares: Floats = sums / sums[-1]
    return shares


def _range(values: Floats) -> str:
    low, high = values.min(), values.max()
    return f"{low:,.4g}" if low == high else f"{low:,.4g} to {high:,.4g}"
