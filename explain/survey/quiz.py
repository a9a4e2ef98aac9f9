"""The quiz: whether a reader can tell from a cart's explanation what the model says of it.

Forward simulation, the human level of Doshi-Velez & Kim (2017), "Towards a Rigorous Science of Interpretable Machine
Learning". A reader sees ten carts' explanations without the predictions. Half of the carts are, to the model, more
likely to be left than a typical cart and half less, so that guessing gets half of them right.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from data.errors import InputError
from data.examples import Examples
from explain.attributing.explanations import Attributions
from explain.attributing.sentences import SLIGHT, reasons
from explain.page import script_of, write_page
from explain.survey.guessing import against_guessing

Side = Literal["more", "less"]

EACH = 5
"""Carts of either side."""

TASKS = 2 * EACH
FILE = "quiz.html"


@dataclass(frozen=True)
class Task:
    """One cart of the quiz."""

    row: int
    """Its position among the explained carts."""

    sentences: tuple[str, ...]
    """Its explanation, as everywhere in the reports."""

    answer: Side
    """Whether the model expects it more or less than a typical cart to be left."""


def quiz_tasks(found: Attributions, examples: Examples, top: int, seed: int) -> tuple[Task, ...]:
    """Draw the carts of the quiz, each of another session, in an order that tells nothing.

    A cart like a typical one is not asked about: there the right answer would hang on a hair.

    Args:
        found: SHAP values of the explained carts.
        examples: the same carts.
        top: most reasons in an explanation.
        seed: of the draw.

    Raises:
        InputError: there are too few carts on one side.
    """
    distance, texts = found.log_odds - found.base, reasons(found, examples, top=top)
    chance = np.random.default_rng(seed)
    sides: dict[Side, list[Task]] = {"more": [], "less": []}
    sessions: set[object] = set()
    for row in chance.permutation(len(examples)).tolist():
        side: Side = "more" if distance[row] > 0 else "less"
        session = _session(examples, row)
        if abs(distance[row]) < SLIGHT or not texts[row] or len(sides[side]) == EACH or session in sessions:
            continue
        sessions.add(session)
        sides[side].append(Task(row, tuple(texts[row]), side))
    if any(len(tasks) < EACH for tasks in sides.values()):
        counts = " and ".join(str(len(tasks)) for tasks in sides.values())
        raise InputError(
            f"A quiz should have {EACH} explained carts that the model takes to be likelier left than a typical one, "
            f"and {EACH} less likely, of different sessions. Received: {counts}. "
            "Run again on a longer log, or with a larger `explain.max_rows`."
        )
    tasks = [*sides["more"], *sides["less"]]
    return tuple(tasks[place] for place in chance.permutation(TASKS))


def quiz_id(tasks: tuple[Task, ...]) -> str:
    """Tells quizzes apart: 64 bits of the tasks' content as hexadecimal digits."""
    content = json.dumps([asdict(task) for task in tasks], sort_keys=True).encode()
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def write_quiz(tasks: tuple[Task, ...], base: float, folder: Path) -> Path:
    """Write `folder/quiz.html`, whole or not at all: a form that scores its answers and gives them as a file.

    The right answers are in the page, to be shown afterwards; who looks for them in its source is not examined.

    Args:
        tasks: the carts.
        base: predicted risk of a typical cart.
        folder: made where it is missing.
    """
    content = {
        "quiz": quiz_id(tasks),
        "key": [task.answer for task in tasks],
        "verdicts": [against_guessing(right, TASKS).sentence for right in range(TASKS + 1)],
    }
    return write_page(folder, "quiz.html.j2", FILE, tasks=tasks, base=base, script=script_of("quiz.js", content))


def _session(examples: Examples, row: int) -> object:
    """The cart's session; a cart without one stands alone."""
    session = examples.keys["session_id"].iloc[row]
    return session if isinstance(session, str) else row
