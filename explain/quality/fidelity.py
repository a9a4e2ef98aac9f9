"""Fidelity: whether the features that an explanation names first move the prediction most."""

from dataclasses import dataclass

import numpy as np

from explain.attributing.explanations import Floats
from explain.quality.replacing import Carts, Positions


@dataclass(frozen=True)
class Curves:
    """Deletion or insertion of n carts, by their explanations and in random orders."""

    guided: Floats
    """(n, F + 1) after 0 to F features, in the order of the explanation; see `towards`."""

    random: Floats
    """(n, F + 1), the mean over the random orders."""

    def areas(self) -> tuple[Floats, Floats]:
        """(n,) area under each cart's curve, guided and random; the features take the width 1."""
        return _area(self.guided), _area(self.random)


def removal_order(values: Floats, side: Floats) -> Positions:
    """(n, F): each cart's features, those first that push hardest to where its prediction is.

    That is the descending order of the attribution, signed towards the prediction: for a cart above the mean of the
    background the most positive one comes first, below it the most negative one. By size alone, features that pull
    the other way would come early and the curve would be a zigzag.

    Args:
        values: (n, F) attributions.
        side: (n,) 1 for a cart whose prediction is above the mean of the background, -1 below.
    """
    return np.argsort(-values * side[:, None], axis=1, kind="stable")


def fidelity(carts: Carts, values: Floats, orders: int, seed: int) -> tuple[Curves, Curves]:
    """Deletion and insertion curves (Petsiuk et al. 2018) of attributions (n, F), beside random orders.

    Deletion replaces a cart's features one after another by those of typical carts, insertion puts them one after
    another into typical carts. Both are distances of the log-odds from a typical cart's, positive on the side of the
    cart's prediction: deletion falls from the whole distance to 0, insertion rises from 0 to it. For an additive
    model no order has less area under deletion, or more under insertion, than that of its own terms.

    Args:
        carts: n carts.
        values: (n, F) attributions in log-odds.
        orders: random orders a cart.
        seed: of these.
    """
    base, generator = float(carts.predict(carts.background).mean()), np.random.default_rng(seed)
    side = np.where(carts.predict(carts.encoded) >= base, 1.0, -1.0)
    guided, side = removal_order(values, side), side[:, None]
    lots = [generator.permuted(np.tile(np.arange(values.shape[1]), (len(carts), 1)), axis=1) for _ in range(orders)]
    random = np.mean([_deletion(carts, order) for order in lots], axis=0)
    deleted, chance = (side * (curve - base) for curve in (_deletion(carts, guided), random))
    inserted = side * (_deletion(carts, guided[:, ::-1])[:, ::-1] - base)
    # Inserting in a random order is deleting in the reverse one, which is as random.
    return Curves(deleted, chance), Curves(inserted, chance[:, ::-1])


def faithfulness(carts: Carts, values: Floats, subsets: int, seed: int) -> Floats:
    """Faithfulness correlation (Bhatt et al. 2020) of each cart, NaN where it is undefined.

    Pearson's correlation, over random subsets of a quarter of the features, of the subset's summed attributions and
    the change of the log-odds when these features are replaced.

    Args:
        carts: n carts.
        values: (n, F) attributions in log-odds.
        subsets: a cart.
        seed: of these.

    Returns:
        (n,) in [-1, 1].
    """
    count, width = values.shape
    chance = np.random.default_rng(seed).random((count * subsets, width))
    chosen = chance.argsort(axis=1).argsort(axis=1) < max(1, width // 4)
    rows = np.repeat(np.arange(count), subsets)
    change = np.repeat(carts.predict(carts.encoded), subsets) - carts.replaced(rows, chosen)
    summed = np.where(chosen, values[rows], 0.0).sum(axis=1)
    return row_correlation(summed.reshape(count, subsets), change.reshape(count, subsets))


def row_correlation(a: Floats, b: Floats) -> Floats:
    """Pearson's correlation of each row of (n, k) with the same row of another, NaN where one is constant."""
    a, b = (x - x.mean(axis=1, keepdims=True) for x in (a, b))
    size = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.asarray(np.divide((a * b).sum(axis=1), size, out=np.full(len(a), np.nan), where=size > 0))


def _deletion(carts: Carts, orders: Positions) -> Floats:
    """(n, F + 1) log-odds after the first 0 to F features of each cart's order are replaced."""
    count, width = orders.shape
    ranks = orders.argsort(axis=1)
    gone = ranks[:, None, :] < np.arange(width + 1)[None, :, None]
    rows = np.repeat(np.arange(count), width + 1)
    return carts.replaced(rows, gone.reshape(-1, width)).reshape(count, width + 1)


def _area(curves: Floats) -> Floats:
    return np.asarray((curves[:, :-1] + curves[:, 1:]).mean(axis=1) / 2)
