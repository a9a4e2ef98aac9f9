"""What the quiz and the review ask about: the explained carts of a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from data.errors import InputError
from data.examples import Examples, read_examples
from explain.attributing.explanations import Attributions, read_explanations
from explain.cart.explained import explain_cart
from explain.survey.review import Case
from pipeline.progress import Progress
from pipeline.quiet import quiet
from pipeline.recommending import load_recommender, no_recommender

SHOWN = 5
"""Items recommended for a case."""

LATEST = 12
"""Events of a session shown for a case."""


@dataclass(frozen=True)
class ExplainedCarts:
    """The test carts that the explain stage explained, n of them."""

    examples: Examples
    attributions: Attributions


def explained_carts(workdir: Path) -> ExplainedCarts:
    """Read them.

    Raises:
        InputError: the stage has not run.
    """
    if not (workdir / "explain" / "attributions.parquet").exists():
        raise InputError(f"{workdir} has no explanations yet. Run first: python -m pipeline run --workdir {workdir}")
    found = read_explanations(workdir / "explain")
    return ExplainedCarts(read_examples(workdir / "split", "test").take(found.rows), found.attributions)


def read_cases(workdir: Path, carts: ExplainedCarts, rows: Sequence[int], top: int) -> list[Case]:
    """Some of the carts with what came before in their sessions and, where there is a recommender, what it would show.

    Args:
        workdir: the run's folder.
        carts: the explained carts.
        rows: positions of those wanted.
        top: most reasons given for one.
    """
    told = [explain_cart(carts.attributions, carts.examples, row, top) for row in rows]
    sessions = _sessions(workdir, carts.examples, rows)
    shown = _recommended(workdir, sessions)
    return [
        Case(cart, tuple(f"{event} {item}" for event, item in session[-LATEST:]), items)
        for cart, session, items in zip(told, sessions, shown, strict=True)
    ]


def _sessions(workdir: Path, examples: Examples, rows: Sequence[int]) -> list[list[tuple[str, str]]]:
    """Kind and item of each event up to the decision point, per cart; empty where the source has no events."""
    path, keys = workdir / "sessionize" / "events.parquet", examples.keys.iloc[list(rows)]
    if not path.exists():
        return [[] for _ in rows]
    wanted = keys["session_id"].dropna().unique().tolist()
    events = pd.read_parquet(
        path, columns=["session_id", "step", "event", "item_id"], filters=[("session_id", "in", wanted)]
    ).sort_values(["session_id", "step"])
    # By place and not by time: of several events at one moment, some may come after the decision point.
    first = events[events["event"] == "cart"].groupby("session_id")["step"].min()
    found = []
    for session, k in zip(keys["session_id"], keys["decision_point"], strict=True):
        until = events[(events["session_id"] == session) & (events["step"] <= first[session] + k)]
        found.append(list(zip(until["event"], until["item_id"], strict=True)))
    return found


def _recommended(workdir: Path, sessions: Sequence[Sequence[tuple[str, str]]]) -> list[tuple[str, ...]]:
    if no_recommender(workdir) or not any(sessions):
        return [() for _ in sessions]
    with Progress() as progress:
        progress.started("review")
        with quiet():
            recommender = load_recommender(workdir)
        items, kinds = ([[event[part] for event in session] for session in sessions] for part in (1, 0))
        found = recommender.recommend(items, SHOWN, exclude_seen=True, events=kinds)
    return [tuple(answer[place][0] for place in range(len(answer))) for answer in found]
