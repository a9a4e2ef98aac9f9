"""What is ill about the gradients of a training, found in its history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from models.config import AbandonmentConfig
from models.gradient_health.remedies import remedies

Floats = npt.NDArray[np.float64]
Kind = Literal["vanishing", "exploding", "dead", "nan"]
KINDS: tuple[Kind, ...] = ("nan", "exploding", "vanishing", "dead")

IN_A_ROW = 3
"""Epochs in which a layer's gradient has to be tiny before it counts as vanishing."""


@dataclass(frozen=True)
class Finding:
    """Something ill about a layer's gradient."""

    kind: Kind
    """What it is."""

    layer: str
    """Name of the layer."""

    epoch: int
    """0-based epoch in which it was there first; of a vanishing gradient the first of three in a row."""

    figure: float
    """vanishing: root mean square of the gradient's entries as a share of the last layer's, least over the epochs;
    exploding: largest norm as a multiple of what was usual in the network; dead: share of dead units after the last
    epoch; nan: largest norm before there was none that is finite."""

    remedies: tuple[str, ...]
    """Settings that help against it and are not set, as `section.name=value`."""


def diagnose(
    history: Mapping[str, Sequence[float]], sizes: Mapping[str, int], config: AbandonmentConfig
) -> list[Finding]:
    """What is ill, the worst kind first, and of each kind the first layer first.

    The gradient vanishes on its way from the last layer to the first (Hochreiter 1991; Glorot & Bengio 2010), so each
    layer's is held against the last one's, entry by entry, as layers differ in size. It explodes where it leaves all
    bounds that it kept before (Pascanu et al. 2013, arXiv:1211.5063); that shows epochs before the loss is NaN.

    Args:
        history: per epoch what `GradientWatch.metrics` told.
        sizes: count of the trained weights of each layer, from the first layer to the last.
        config: the network and its training, and what counts as ill.
    """
    found: list[tuple[Kind, str, int, float]] = []
    if "gradient_start" in history:
        found += [*_lost(history, sizes), *_exploding(history, sizes, config.gradient_health.exploding)]
        found += _vanishing(history, sizes, config.gradient_health.vanishing)
    found += _dead(history, sizes, config.gradient_health.dead)
    return [
        Finding(kind, layer, epoch, figure, remedies(kind, config))
        for wanted in KINDS
        for kind, layer, epoch, figure in found
        if kind == wanted
    ]


def _lost(history: Mapping[str, Sequence[float]], layers: Mapping[str, int]) -> list[tuple[Kind, str, int, float]]:
    norms, peaks = _table(history, "gradient_norm", layers), _table(history, "gradient_peak", layers)
    return [
        ("nan", layer, e, float(peaks[i, : e + 1].max())) for i, layer, e in _first(np.asarray(np.isnan(norms)), layers)
    ]


def _exploding(
    history: Mapping[str, Sequence[float]], layers: Mapping[str, int], bound: float
) -> list[tuple[Kind, str, int, float]]:
    norms = np.linalg.norm(_table(history, "gradient_norm", layers), axis=0)
    usual = np.array([history["gradient_start"][0], *(np.median(norms[:epoch]) for epoch in range(1, len(norms)))])
    multiples = _ratio(_table(history, "gradient_peak", layers), usual)
    return [("exploding", layer, e, float(multiples[i, e])) for i, layer, e in _first(multiples > bound, layers)]


def _vanishing(
    history: Mapping[str, Sequence[float]], layers: Mapping[str, int], bound: float
) -> list[tuple[Kind, str, int, float]]:
    entries = _table(history, "gradient_norm", layers) / np.sqrt(list(layers.values()))[:, None]
    shares = _ratio(entries, entries[-1])
    blocked = [history[f"dead/{layer}"] for layer in layers if f"dead/{layer}" in history]
    if blocked:  # where no unit of a layer lives, that is what is ill, not the way through the others
        shares = np.where(np.max(blocked, axis=0) < 1.0, shares, np.nan)
    tiny: npt.NDArray[np.bool_] = shares < bound
    lasting = np.zeros_like(tiny)
    for epoch in range(tiny.shape[1] - IN_A_ROW + 1):
        lasting[:, epoch] = tiny[:, epoch : epoch + IN_A_ROW].all(axis=1)
    return [("vanishing", layer, e, float(np.nanmin(shares[i]))) for i, layer, e in _first(lasting, layers)]


def _dead(
    history: Mapping[str, Sequence[float]], layers: Mapping[str, int], bound: float
) -> list[tuple[Kind, str, int, float]]:
    found: list[tuple[Kind, str, int, float]] = []
    for layer in layers:
        shares = history.get(f"dead/{layer}", [])
        alive = [epoch for epoch, share in enumerate(shares) if share <= bound]
        since = alive[-1] + 1 if alive else 0
        if since < len(shares):
            found.append(("dead", layer, since, float(shares[-1])))
    return found


def _table(history: Mapping[str, Sequence[float]], name: str, layers: Mapping[str, int]) -> Floats:
    """(L, E) a metric of all layers."""
    return np.array([history[f"{name}/{layer}"] for layer in layers], np.float64)


def _ratio(values: Floats, unit: Floats) -> Floats:
    """Multiples of a unit; NaN, which is neither above nor below anything, where the unit is zero."""
    found: Floats = values / np.where(unit > 0.0, unit, np.nan)
    return found


def _first(ill: npt.NDArray[np.bool_], layers: Mapping[str, int]) -> list[tuple[int, str, int]]:
    """Place, name and first ill epoch of every layer with one, of an (L, E) table."""
    return [(i, layer, int(np.argmax(ill[i]))) for i, layer in enumerate(layers) if ill[i].any()]
