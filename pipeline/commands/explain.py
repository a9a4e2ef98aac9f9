"""`explain`: one session's cart, or where the report is."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from data.errors import InputError
from data.examples import Examples, Split, read_examples
from pipeline.progress import Progress
from pipeline.quiet import quiet
from pipeline.runner import need_abandonment, read_config
from pipeline.workdir import write_whole

if TYPE_CHECKING:
    from explain.cart import CartExplanation

SIDES: tuple[Split, ...] = ("test", "validation", "train")
SHOWN = 10


def explain_command(session: str | None, decision_point: int | None, output: Path | None, workdir: Path) -> None:
    """Print why the model expects a session's cart to be left or bought; without a session, where the report is.

    Raises:
        InputError: no run, one without an abandonment model, an unknown session, or a decision point that the session
            did not reach.
    """
    config = read_config(workdir)
    console = Console(highlight=False, soft_wrap=True)
    if session is None:
        report = workdir / "report" / "index.html"
        if not report.exists():
            raise InputError(f"{workdir} has no report yet. Run first: python -m pipeline run --workdir {workdir}")
        console.print(Text(str(report)))
        if config.abandonment.enabled:
            console.print("For one cart: python -m pipeline explain --session ID")
        return
    need_abandonment(config, workdir)
    examples = _session(workdir, session)
    chosen = _chosen(examples, decision_point)
    with Progress() as progress:
        progress.started("explain")
        with quiet():
            from explain.attribution import attribute, background_sample
            from explain.cart import cart_page, explain_cart
            from models.artifacts import load_model
        model = load_model(workdir / "train" / "abandonment.keras")
        background = background_sample(
            read_examples(workdir / "split", "train"), config.explain.background, config.seed
        )
        attributions = attribute(model, background, examples)
        carts = [explain_cart(attributions, examples, row) for row in range(len(examples))]
    _print(console, carts[chosen])
    if output is not None:
        write_whole(output, cart_page(carts, f"{config.preset}, {workdir}"))
        console.print(Text(f"All {len(carts)} decision points of the session: {output}"))


def _session(workdir: Path, session: str) -> Examples:
    for side in SIDES:
        path = workdir / "split" / f"{side}.parquet"
        if path.exists() and len(
            pd.read_parquet(path, columns=["session_id"], filters=[("session_id", "==", session)])
        ):
            examples = read_examples(workdir / "split", side)
            found = examples.take((examples.keys["session_id"] == session).to_numpy(dtype=bool))
            return found.take(found.keys["decision_point"].to_numpy().argsort(kind="stable"))
    known = pd.read_parquet(workdir / "split" / "test.parquet", columns=["session_id"])["session_id"].dropna().unique()
    hint = (
        f"Known test sessions are, for example, {', '.join(known[:3])}."
        if len(known)
        else "The source has no sessions."
    )
    raise InputError(
        f"`--session` should be a session with a cart, from the log of this run. Received: {session}. {hint}"
    )


def _chosen(examples: Examples, decision_point: int | None) -> int:
    points = examples.keys["decision_point"].tolist()
    if decision_point is None:
        return len(points) - 1
    if decision_point not in points:
        raise InputError(
            f"`--decision-point` should be one that the session reached: {', '.join(map(str, points))}. "
            f"Received: {decision_point}"
        )
    return points.index(decision_point)


def _print(console: Console, cart: "CartExplanation") -> None:
    console.print(
        Text(f"Session {cart.session_id}, visitor {cart.visitor_id}, decision point {cart.decision_point}, {cart.ts}")
    )
    console.print(
        Text(f"Predicted risk of abandonment {cart.probability:.0%}; a typical cart's is {cart.base_probability:.0%}.")
    )
    for sentence in cart.sentences:
        console.print(Text(f"  {sentence}."))
    table = Table("feature", "value", "typical", "log-odds", "points", box=None)
    for feature in cart.features[:SHOWN]:
        row = (feature.value, feature.typical, f"{feature.attribution:+.3f}", f"{100 * feature.points:+.1f}")
        table.add_row(Text(feature.title), *map(Text, row))
    console.print(table)
