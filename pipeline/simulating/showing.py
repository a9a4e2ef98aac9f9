"""What is shown in the carts of an A/B test, and how well it fits what their visitors are after."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from data.config import DemoConfig
from data.demo.catalogue import build_catalogue
from data.demo.shop import catalogue_frame
from data.demo.showing import EMPTY, Browsed, fit
from models.nudging.ab_testing import LIST, POPULAR
from models.recommending.cart_items import ITEMS
from models.recommending.recommendation import Recommendation
from models.recommending.recommender import Recommender
from pipeline.simulating.fresh import Fresh

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Showing:
    """Items for carts of the demo shop: the recommender's, and as many of the most popular ones.

    Neither shows what the session has seen, nor what a rescue list leaves out.

    Args:
        config: the shop.
        recommender: who chooses.
        hide_bought: whether what a visitor has bought before is not shown.
        excluded: items never to show.
    """

    def __init__(
        self, config: DemoConfig, recommender: Recommender, hide_bought: bool = True, excluded: Sequence[str] = ()
    ) -> None:
        self._recommender, self._catalogue = recommender, build_catalogue(config)
        self._hide_bought, self._excluded = hide_bought, excluded
        self._number = {item: number for number, item in enumerate(catalogue_frame(self._catalogue)["item_id"])}

    def __call__(self, carts: Fresh) -> dict[str, Floats]:
        """Chance that a cart's visitor turns to one of the items next, (n,), by who chose them (`LIST`, `POPULAR`)."""
        items, events, gaps, bought = (carts.sessions[name].tolist() for name in ("items", "events", "gaps", "bought"))
        if not self._hide_bought:
            bought = [[] for _ in items]
        out = self._excluded
        chosen = self._recommender.recommend(
            items, ITEMS, exclude_seen=True, exclude=out, bought=bought, events=events, gaps=gaps
        )
        had = [[*seen, *own] for seen, own in zip(items, bought, strict=True)]
        popular = self._recommender.recommend([[] for _ in items], ITEMS, exclude=out, bought=had)
        seen = [[self._number[item] for item in session] for session in items]
        ends = np.array([(one[0], one[-1], one[-min(2, len(one))]) for one in seen], dtype=np.int64).reshape(-1, 3)
        browsed = Browsed(*ends.T)
        return {
            name: fit(self._catalogue, browsed, self._numbers(found))
            for name, found in ((LIST, chosen), (POPULAR, popular))
        }

    def _numbers(self, found: list[Recommendation]) -> Ints:
        """(n, ITEMS) the items' numbers, `EMPTY` where there are no more."""
        numbers = np.full((len(found), ITEMS), EMPTY, dtype=np.int64)
        for row, answer in enumerate(found):
            numbers[row, : len(answer)] = [self._number[item] for item, _ in answer]
        return numbers
