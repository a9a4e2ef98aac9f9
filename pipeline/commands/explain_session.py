"""`explain --session`: why the model expects one session's cart to be left or bought, and what would change that."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from data.errors import InputError
from data.examples import Split, read_examples
from pipeline.config import PipelineConfig
from pipeline.progress import Progress
from pipeline.quiet import quiet
from pipeline.workdir import write_whole

if TYPE_CHECKING:
    from explain.cart.explained import CartExplanation
    from explain.cart.story import Story

SIDES: tuple[Split, ...] = ("test", "validation", "train")
SHOWN = 10


def explain_session(
    session: str, decision_point: int | None, output: Path | None, workdir: Path, config: PipelineConfig
) -> None:
    """Print what there is to say of a session's cart; with `output`, of all its decision points as a page.

    Raises:
        InputError: an unknown session, a decision point that it did not reach, or a model of other features.
    """
    side, rows = _rows(workdir, session)
    examples = read_examples(workdir / "split", side).take(rows)
    chosen = _chosen(examples.keys["decision_point"].tolist(), decision_point)
    if output is None:
        examples, rows, chosen = examples.take(np.array([chosen])), rows[[chosen]], 0
    with Progress() as progress:
        progress.started("explain")
        with quiet():
            from explain.cart.page import cart_page
            from explain.cart.stories import read_timelines, tell_stories
            from explain.cart.story import threshold_of
            from models.artifacts import load_model
        trained, split = workdir / "train", workdir / "split"
        threshold = threshold_of(float(json.loads((trained / "threshold.json").read_text())["value"]))
        stories = tell_stories(
            load_model(trained / "abandonment.keras"), read_examples(split, "train"), examples, threshold,
            config.explain, config.seed, read_timelines(trained, split, side, rows),
        )  # fmt: skip
    console = Console(highlight=False, soft_wrap=True)
    _print(console, stories[chosen])
    if output is not None:
        write_whole(output, cart_page(stories, f"{config.preset}, {workdir}"))
        console.print(Text(f"All {len(stories)} decision points of the session: {output}"))


def _rows(workdir: Path, session: str) -> tuple[Split, npt.NDArray[np.int64]]:
    """The side that has a session, and the positions of its decision points there, in their order."""
    for side in SIDES:
        path = workdir / "split" / f"{side}.parquet"
        if path.exists():
            keys = pd.read_parquet(path, columns=["session_id", "decision_point"])
            found = np.flatnonzero((keys["session_id"] == session).fillna(False).to_numpy(dtype=bool))
            if len(found):
                return side, found[keys["decision_point"].iloc[found].to_numpy().argsort(kind="stable")]
    known = pd.read_parquet(workdir / "split" / "test.parquet", columns=["session_id"])["session_id"].dropna().unique()
    hint = (
        f"Known test sessions are, for example, {', '.join(known[:3])}."
        if len(known)
        else "The source has no sessions; for a group of its examples, use `--where`."
    )
    raise InputError(
        f"`--session` should be a session with a cart, from the log of this run. Received: {session}. {hint}"
    )


def _chosen(points: list[int], decision_point: int | None) -> int:
    if decision_point is None:
        return len(points) - 1
    if decision_point not in points:
        raise InputError(
            f"`--decision-point` should be one that the session reached: {', '.join(map(str, points))}. "
            f"Received: {decision_point}"
        )
    return points.index(decision_point)


def _print(console: Console, story: "Story") -> None:
    from explain.cart.story import NO_TIMELINE, similar_sentence, timeline_sentence
    from explain.wording import risk_text

    cart = story.cart
    ended, otherwise = ("left", "bought") if story.abandoned else ("bought", "left")
    _say(
        console,
        f"Session {cart.session_id}, visitor {cart.visitor_id}, decision point {cart.decision_point}, {cart.ts}",
        f"Predicted risk of abandonment {risk_text(cart.probability)}; a typical cart's is "
        f"{risk_text(cart.base_probability)}. In fact this one was {ended}.",
        *(f"  {sentence}." for sentence in cart.sentences),
    )
    console.print(_table(cart))
    _say(console, "", "What would change the prediction", f"  {story.advice}")
    similar = [f"  {similar_sentence(one)}." for one in story.similar] or ["  There are none."]
    _say(console, "", f"Similar carts that were {otherwise}", *similar)
    told = timeline_sentence(story.timeline) if story.timeline else NO_TIMELINE
    _say(console, "", "The session, event by event", f"  {told}")
    if story.timeline:
        console.print(_events(story))


def _say(console: Console, *lines: str) -> None:
    for line in lines:
        console.print(Text(line))


def _table(cart: "CartExplanation") -> Table:
    table = Table("feature", "value", "typical", "log-odds", "points", box=None)
    for feature in cart.features[:SHOWN]:
        row = (feature.value, feature.typical, f"{feature.attribution:+.3f}", f"{100 * feature.points:+.1f}")
        table.add_row(Text(feature.title), *map(Text, row))
    return table


def _events(story: "Story") -> Table:
    from explain.cart.timeline_chart import event_name

    table = Table("event", "log-odds", box=None)
    if story.timeline:
        for place, event in enumerate(story.timeline.events):
            table.add_row(Text(event_name(story.timeline, place)), f"{event.log_odds:+.3f}")
    return table
