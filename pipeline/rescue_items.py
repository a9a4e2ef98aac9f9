"""What to show in the open carts of a rescue list."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from data.item_list import read_item_list
from data.open_carts import OpenCarts
from pipeline.config import RescueConfig
from pipeline.recommending import load_recommender, no_recommender, unknown_note

if TYPE_CHECKING:
    from models.recommending.recommendation import Recommendation
    from models.recommending.recommender import Recommender

ITEMS = 5
"""Items shown for a cart."""


def out_of_stock(config: RescueConfig) -> list[str]:
    """The items of `rescue.exclude_file`, none where it is not set.

    Raises:
        InputError: the file cannot be read.
    """
    return read_item_list(config.exclude_file, "rescue.exclude_file") if config.exclude_file else []


def items_to_show(
    workdir: Path, carts: OpenCarts, config: RescueConfig, excluded: Sequence[str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The best items for each of n carts, without what its session or its visitor has already.

    Args:
        workdir: the run's folder.
        carts: the open carts.
        config: whether what was bought before is hidden.
        excluded: items never to show.

    Returns:
        n rows `item_1`, `item_2`, …, None where there are no more, without columns where the run has no recommender;
        and what a reader should know.
    """
    why = no_recommender(workdir)
    if why:
        return pd.DataFrame(index=range(len(carts.items))), nothing_shown(why)
    return shown_in(load_recommender(workdir), carts, config, excluded)


def nothing_shown(why: str | None) -> tuple[str, ...]:
    """What a reader should know where a run has no recommender, and why."""
    return (f"No items to show: {why}.",) if why else ()


def shown_in(
    recommender: "Recommender", carts: OpenCarts, config: RescueConfig, excluded: Sequence[str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """`items_to_show` by a recommender that is loaded already."""
    bought = carts.bought if config.hide_bought else None
    # What the session has seen includes all that is in its cart.
    found = recommender.recommend(
        carts.items, ITEMS, exclude_seen=True, exclude=excluded, bought=bought, events=carts.events, gaps=carts.gaps
    )
    columns = {
        f"item_{place + 1}": [answer[place][0] if place < len(answer) else None for answer in found]
        for place in range(ITEMS)
    }
    notes = [*_session_notes(found, carts.items), *_bought_notes(bought or [])]
    strange = recommender.unknown(excluded)
    if strange:
        notes.append(unknown_note(f"of {len(excluded):,} items in {config.exclude_file}", strange))
    return pd.DataFrame(columns), tuple(notes)


def _session_notes(found: Sequence["Recommendation"], sessions: Sequence[Sequence[str]]) -> list[str]:
    notes = []
    skipped, events = sum(answer.skipped for answer in found), sum(map(len, sessions))
    if skipped:
        notes.append(f"{skipped:,} of {events:,} items in the sessions are not known to the recommender and skipped.")
    plain = sum(answer.source == "popularity" for answer in found)
    if plain:
        notes.append(f"{plain:,} sessions have no item that the recommender knows; they get the most popular ones.")
    return notes


def _bought_notes(bought: Sequence[Sequence[str]]) -> list[str]:
    some = sum(bool(items) for items in bought)
    if not some:
        return []
    return [
        f"{some:,} of {len(bought):,} carts are of visitors who bought before; what they bought is not shown to them "
        "again (`rescue.hide_bought`)."
    ]
