"""What showing items with a nudge does to an open cart: an assumption of the simulator, which acts in A/B tests alone.

Whoever is shown what they would look at next is a bit more likely to buy. What that is, the simulator knows: from its
own law of the next view (`browsing.next_items`) follows the chance that the view is of an item shown. Nothing of it is
in the shop's log, nor in what else is told of the shop.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from data.demo.browsing import MISSION, PARTNER, PARTNER_BEFORE, STEP, WANDER
from data.demo.catalogue import PARTNERS, TIERS, Catalogue, Floats, Ints

ITEM_RESPONSE = 0.25
"""By how much items that hold the next view for sure lower the log-odds of abandonment, beyond the nudge itself."""

EMPTY = -1
"""Stands for no item in a place where one could be shown."""


@dataclass(frozen=True)
class Browsed:
    """What decides the next view of M sessions."""

    first: Ints
    """(M,) the item looked at first, which is of the category and the price tier that the session is for."""

    latest: Ints
    """(M,) the item of the latest event."""

    before: Ints
    """(M,) that of the event before; the latest again where it is the only one."""


def fit(catalogue: Catalogue, browsed: Browsed, shown: Ints) -> Floats:
    """Chance that the item a session turns to next is among those shown, (M,).

    Args:
        catalogue: the shop's items.
        browsed: M sessions.
        shown: (M, S) items that the session has not seen, each once, or `EMPTY`.
    """
    there = shown != EMPTY
    item = np.where(there, shown, 0)
    cell = catalogue.category * TIERS + catalogue.tier
    own = cell[browsed.first]
    weight = catalogue.cumulative[catalogue.first[own + 1]] - catalogue.cumulative[catalogue.first[own]]
    mission = (cell[item] == own[:, None]) * catalogue.weight[item] / weight[:, None]
    chance = (
        STEP[PARTNER] * _partner(catalogue, browsed.latest, item)
        + STEP[PARTNER_BEFORE] * _partner(catalogue, browsed.before, item)
        + STEP[MISSION] * mission
        + STEP[WANDER] * catalogue.weight[item]
    )
    total: Floats = (chance * there).sum(axis=1)
    return total


def p_if_shown(p_if_nudged: Floats, fit: Floats, response: float = ITEM_RESPONSE) -> Floats:
    """Probability that a cart is abandoned although its visitor is nudged and shown items, (M,).

    The log-odds fall by `response` · `fit`.

    Args:
        p_if_nudged: (M,) the same without items.
        fit: (M,) what `fit` gives.
        response: the log-odds that a sure fit takes away.
    """
    shown: Floats = expit(logit(p_if_nudged) - response * fit)
    return shown


def _partner(catalogue: Catalogue, item: Ints, shown: Ints) -> Floats:
    """(M, S) chance that a partner drawn for each item (M,) is the one shown (M, S)."""
    same = catalogue.partners[item][:, None, :] == shown[:, :, None]
    chance: Floats = same @ PARTNERS
    return chance
