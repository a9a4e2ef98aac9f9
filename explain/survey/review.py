"""The review: what people who know the shop make of real cases.

The application level of Doshi-Velez & Kim (2017): experts see real carts as a user would, with prediction, explanation
and recommended items, and rate them. What became of a cart is not shown: knowing it would colour the ratings.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.examples import Examples
from explain.attributing.explanations import Attributions
from explain.cart.explained import CartExplanation, cart_figure
from explain.page import script_of, write_page

CASES = 10
FILE = "review.html"

QUESTIONS = {
    "useful": "How useful is this explanation to you?",
    "reasons": "Are these the right reasons, as far as you know the shop?",
    "act": "Would you act on it?",
}
"""Key in the file → question. The first two are answered from 1 to 5, the last with yes or no."""


@dataclass(frozen=True)
class Case:
    """One cart to rate."""

    cart: CartExplanation
    """Its prediction, explained."""

    events: tuple[str, ...] = ()
    """What happened in the session so far, such as "view A17", the latest last; empty where the source has no items."""

    recommended: tuple[str, ...] = ()
    """Items recommended for the session; empty where there is no recommender."""


def review_rows(found: Attributions, seed: int, cases: int = CASES) -> list[int]:
    """Positions of explained carts from the lowest to the highest predicted risk, drawn one from each equal part."""
    order = np.argsort(found.log_odds, kind="stable")
    chance = np.random.default_rng(seed)
    return [int(chance.choice(part)) for part in np.array_split(order, cases) if len(part)]


def review_id(found: Attributions, examples: Examples, rows: Sequence[int]) -> str:
    """Tells reviews apart: 64 bits of the cases and their explanations as hexadecimal digits."""
    sessions = examples.keys["session_id"].iloc[list(rows)].astype(str).tolist()
    content = json.dumps([list(rows), sessions, found.values[list(rows)].round(9).tolist()]).encode()
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def write_review(review: str, cases: Sequence[Case], folder: Path) -> Path:
    """Write `folder/review.html`, whole or not at all: a form that gives its ratings as a file.

    Args:
        review: which review it is.
        cases: the carts to rate.
        folder: made where it is missing.
    """
    script = script_of("review.js", {"review": review, "cases": len(cases)})
    shown = [(case, cart_figure(case.cart)) for case in cases]
    return write_page(folder, "review.html.j2", FILE, cases=shown, questions=QUESTIONS, script=script)
