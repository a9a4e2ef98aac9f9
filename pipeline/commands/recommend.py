"""`recommend`: items for a session typed on the command line."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from data.errors import InputError
from data.item_list import read_item_list
from data.raw.pseudonyms import pseudonym, visitor_key
from pipeline.config import PipelineConfig
from pipeline.progress import Progress
from pipeline.quiet import quiet
from pipeline.recommending import listed, load_recommender, need_recommender, unknown_note
from pipeline.retraining.serving_set import served_folder
from pipeline.runner import read_config
from pipeline.typed_events import typed_kinds, typed_seconds

if TYPE_CHECKING:
    from models.recommending.recommendation import Recommendation
    from models.recommending.recommender import Recommender


@dataclass(frozen=True)
class Wishes:
    """What is asked of the list, as typed."""

    k: int | None
    """Items wanted; the config's `top_k` where not given."""

    exclude_seen: bool
    """Leave out what the session has."""

    exclude: Sequence[str]
    """Items never to show."""

    same_category: bool
    """Keep to the category of the session's latest item that has one."""

    categories: Sequence[str]
    """Categories to keep to; all where empty."""

    min_price: float | None
    """Lowest price."""

    max_price: float | None
    """Highest price."""

    events: str | None = None
    """Kinds of the session's events, parted by commas."""

    gaps: str | None = None
    """Seconds before each of the session's events, parted by commas."""

    exclude_file: Path | None = None
    """Text file of items never to show, one a line."""

    bought: Sequence[str] = ()
    """Items bought before, to be left out."""

    visitor: str | None = None
    """Visitor whose purchases in the run's log are left out."""


def recommend_command(session: Sequence[str], wishes: Wishes, workdir: Path, as_json: bool) -> None:
    """Print the items most likely to come next, and what a reader should know about the list.

    Raises:
        InputError: no run, one without a recommender, an id that is no text, kinds or gaps that do not go with the
            session, a file that cannot be read, or a filter that the catalogue cannot answer.
    """
    _check_text([*session, *wishes.exclude, *wishes.bought, *wishes.categories, wishes.visitor or ""])
    workdir = served_folder(workdir)
    config = read_config(workdir)
    events, gaps = typed_kinds(wishes.events, session), typed_seconds(wishes.gaps, session)
    need_recommender(workdir)
    file = wishes.exclude_file
    stock = read_item_list(file, "--exclude-file") if file else []
    with Progress() as progress:
        progress.started("recommend")
        with quiet():
            recommender = load_recommender(workdir)
        own = _bought_by(wishes.visitor, workdir, config)
        bought = [*wishes.bought, *(own or [])]
        found = _ask(recommender, session, wishes, [*wishes.exclude, *stock], bought, events, gaps)
    answer = _answer(recommender, session, wishes, found)
    answer["notes"] += _left_out_notes(recommender, wishes, stock, own)
    console = Console(highlight=False, soft_wrap=True)
    if as_json:
        console.print(Text(json.dumps(answer, indent=1, ensure_ascii=False)))
    else:
        _print(console, answer)


def _check_text(typed: Sequence[str]) -> None:
    """Bytes of another encoding reach Python as half characters, which no id has and nothing can print."""
    strange = next((one for one in typed if any("\ud800" <= character <= "\udfff" for character in one)), None)
    if strange is not None:
        raise InputError(f"Ids and categories should be typed in UTF-8. Received: {os.fsencode(strange)!r}")


def _bought_by(visitor: str | None, workdir: Path, config: PipelineConfig) -> list[str] | None:
    """What a visitor has bought in the run's log; None for nobody, and where the log does not know them."""
    if visitor is None:
        return None
    from data.purchases import bought_by

    known = pseudonym(visitor_key(), visitor) if config.ingest.hash_visitors else visitor
    return bought_by(workdir / "ingest" / "events.parquet", known, config.engine)


def _ask(
    recommender: "Recommender",
    session: Sequence[str],
    wishes: Wishes,
    exclude: Sequence[str],
    bought: Sequence[str],
    events: list[str] | None,
    gaps: list[float] | None,
) -> "Recommendation":
    from models.recommending.catalogue import Only

    only = Only(tuple(wishes.categories), wishes.same_category, wishes.min_price, wishes.max_price)
    return recommender.recommend(
        [session], wishes.k, wishes.exclude_seen, exclude, [bought], only, events=[events], gaps=[gaps]
    )[0]


def _answer(
    recommender: "Recommender", session: Sequence[str], wishes: Wishes, found: "Recommendation"
) -> dict[str, Any]:
    """What is printed, as JSON-ready values."""
    catalogue = recommender.catalogue
    items = [
        {
            "item": item,
            "category": catalogue.category(item) if catalogue else None,
            "price": catalogue.price(item) if catalogue else None,
            "score": round(score, 6),
        }
        for item, score in found
    ]
    return {
        "source": found.source,
        "skipped": found.skipped,
        "unknown": recommender.unknown(session),
        "category": found.category,
        "items": items,
        "notes": _notes(recommender, session, wishes, found),
    }


def _notes(recommender: "Recommender", session: Sequence[str], wishes: Wishes, found: "Recommendation") -> list[str]:
    notes = []
    if found.skipped:
        names = listed(recommender.unknown(session))
        notes.append(f"{found.skipped} of {len(session)} items of the session are not known and skipped: {names}.")
    if found.source == "popularity":
        why = "The session is empty" if not session else "No item of the session is known"
        notes.append(f"{why}: these are the most popular items, and their scores are shares of the training events.")
    if wishes.same_category and found.category is None:
        notes.append("No item of the session has a known category: items of all categories are shown.")
    if found.category is not None:
        notes.append(f"Kept to the session's category, {found.category}.")
    for option, setting, typed in (("--events", "use_events", wishes.events), ("--gaps", "use_gaps", wishes.gaps)):
        if typed is not None and not getattr(recommender.config, setting):
            notes.append(f"`{option}` changes nothing: the recommender was trained without `recommender.{setting}`.")
    wanted = recommender.config.top_k if wishes.k is None else wishes.k
    if len(found) < wanted:
        notes.append(f"Only {len(found)} of {wanted} items: the catalogue has no more that may be shown.")
    return notes


def _left_out_notes(
    recommender: "Recommender", wishes: Wishes, stock: Sequence[str], own: Sequence[str] | None
) -> list[str]:
    """What to know about the items that are not to be shown."""
    notes = []
    if own is not None:
        notes.append(f"Visitor {wishes.visitor} has bought {len(own):,} items in this run's log; they are left out.")
    elif wishes.visitor is not None:
        notes.append(f"Visitor {wishes.visitor} has no event in this run's log: what they bought is not known.")
    typed = {
        "items to exclude": wishes.exclude,
        f"of {len(stock):,} items in {wishes.exclude_file}": stock,
        "items bought": wishes.bought,
    }
    for what, items in typed.items():
        strange = recommender.unknown(items)
        if strange:
            notes.append(unknown_note(what, strange))
    return notes


def _print(console: Console, answer: dict[str, Any]) -> None:
    table = Table("item", "category", box=None)
    table.add_column("price", justify="right")
    table.add_column("score", justify="right")
    for row in answer["items"]:
        price = "" if row["price"] is None else f"{row['price']:,.2f}"
        texts = (row["item"], row["category"] or "", price, f"{row['score']:.4f}")
        table.add_row(*(Text(text, overflow="fold") for text in texts))
    console.print(table)
    for note in answer["notes"]:
        console.print(Text(note))
