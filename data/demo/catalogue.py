"""The items of the demo shop: categories, prices, popularity, and which items go together."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from data.config import DemoConfig

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

TIERS = 3
"""Price tiers of a category: budget, middle, premium."""

PARTNERS = np.array([0.5, 0.25, 0.15, 0.1])
"""How often a visitor goes from an item to its first, second, … partner item."""


@dataclass(frozen=True)
class Catalogue:
    """I items in C categories, numbered so that the items of one category and tier are neighbours."""

    category: Ints
    """(I,) category of each item, 0 … C − 1, ascending."""

    tier: Ints
    """(I,) price tier within the category, ascending within a category."""

    price: Floats
    """(I,) price in the shop's currency, two decimals."""

    weight: Floats
    """(I,) popularity, sums to 1."""

    cumulative: Floats
    """(I + 1,) cumulative popularity from 0 to 1, for drawing by `draw_between`."""

    first: Ints
    """(C × TIERS + 1,) first item of each (category, tier), then I."""

    partners: Ints
    """(I, 4) items that go with each item, by falling strength; some of another category."""

    typical_price: Floats
    """(C,) mean price of each category, items weighted by popularity as visitors meet them."""

    number: Ints
    """(I,) number that each item's id has, ascending: its place in the whole catalogue, of which this may be a part."""

    joined: Floats
    """(I,) days of the log that had passed when it joined the catalogue."""

    @property
    def categories(self) -> int:
        """C, the number of categories."""
        return len(self.typical_price)

    def draw(self, rng: np.random.Generator, size: int) -> Ints:
        """Draw `size` items by popularity."""
        return self._at(rng.random(size))

    def draw_tier(self, rng: np.random.Generator, category: Ints, tier: Ints) -> Ints:
        """Draw one item by popularity from each given (category, tier)."""
        cell = category * TIERS + tier
        low, high = self.cumulative[self.first[cell]], self.cumulative[self.first[cell + 1]]
        items = self._at(low + rng.random(len(cell)) * (high - low))
        return np.clip(items, self.first[cell], self.first[cell + 1] - 1)

    def draw_partner(self, rng: np.random.Generator, item: Ints) -> Ints:
        """Draw one of the partners of each given item."""
        slot = np.searchsorted(np.cumsum(PARTNERS)[:-1], rng.random(len(item)), side="right")
        return self.partners[item, slot]

    def _at(self, quantile: Floats) -> Ints:
        items = np.searchsorted(self.cumulative, quantile, side="right") - 1
        return np.clip(items, 0, len(self.price) - 1)


def build_catalogue(config: DemoConfig) -> Catalogue:
    """Build the catalogue of a shop; the same for every number of sessions.

    Prices are log-normal around their category's level, popularity follows Zipf's law with exponent 0.8.
    """
    rng = np.random.default_rng([config.seed, 0])
    items, categories = config.items, int(np.clip(config.items // 80, 3, 40))
    # every category has at least one item of each tier: `items` is at least 20, `categories` at most items / 5
    category = np.sort(np.arange(items) % categories)
    # evenly spread quantiles: which fee visitors face should not depend on the luck of a few categories
    quantile = (rng.permutation(categories) + 0.5) / categories
    level = np.array([NormalDist(np.log(30.0), 0.85).inv_cdf(q) for q in quantile])
    price = np.exp(level[category] + rng.normal(0.0, 0.4, items))
    price = np.maximum(np.round(price, 2), 0.5)
    order = np.lexsort((price, category))
    price = price[order]
    size = np.bincount(category, minlength=categories)
    place = np.arange(items) - np.concatenate([[0], np.cumsum(size)[:-1]])[category]
    tier = place * TIERS // size[category]
    weight = rng.permutation((np.arange(items) + 10.0) ** -0.8)
    weight /= weight.sum()
    cumulative = np.concatenate([[0.0], np.cumsum(weight)])
    first = np.searchsorted(category * TIERS + tier, np.arange(categories * TIERS + 1))
    typical = np.bincount(category, weight * price) / np.bincount(category, weight)
    partners = _partners(rng, category, weight, first)
    number, joined = np.arange(items), np.zeros(items)
    return Catalogue(category, tier, price, weight, cumulative, first, partners, typical, number, joined)


def part_of(whole: Catalogue, there: Bools, joined: Floats, price: Floats) -> Catalogue:
    """The catalogue of a time at which only some of the items are there.

    Where a partner is not there yet, the item before it in its category and tier takes its place. What visitors find
    typical of a category stays as it was.

    Args:
        whole: I items.
        there: (I,) which are there: at least the first of each category and tier.
        joined: (I,) days of the log that had passed when each joined.
        price: (I,) prices of that time.
    """
    category, tier, weight = whole.category[there], whole.tier[there], whole.weight[there]
    weight = weight / weight.sum()
    first = np.searchsorted(category * TIERS + tier, np.arange(whole.categories * TIERS + 1))
    own, low, high = np.arange(len(category)), first[category * TIERS], first[(category + 1) * TIERS]
    place = np.cumsum(there) - 1
    partners = np.stack([
        np.where(drawn == own, low + (drawn - low + 1) % (high - low), drawn)
        for drawn in place[whole.partners[there]].T
    ], axis=1)  # fmt: skip
    return Catalogue(
        category, tier, price[there], weight, np.concatenate([[0.0], np.cumsum(weight)]), first, partners,
        whole.typical_price, whole.number[there], joined[there],
    )  # fmt: skip


def _partners(rng: np.random.Generator, category: Ints, weight: Floats, first: Ints) -> Ints:
    """Four partners by popularity: the third from a category that goes with the item's, the others from its own."""
    items, categories = len(category), int(category[-1]) + 1
    other = rng.permutation(categories)[category]
    cumulative = np.concatenate([[0.0], np.cumsum(weight)])
    partners = np.empty((items, len(PARTNERS)), dtype=np.int64)
    for slot in range(len(PARTNERS)):
        home = other if slot == 2 else category
        low, high = first[home * TIERS], first[(home + 1) * TIERS]
        at = cumulative[low] + rng.random(items) * (cumulative[high] - cumulative[low])
        drawn = np.clip(np.searchsorted(cumulative, at, side="right") - 1, low, high - 1)
        # an item is not its own partner: take its neighbour in the category instead
        partners[:, slot] = np.where(drawn == np.arange(items), low + (drawn - low + 1) % (high - low), drawn)
    return partners
