"""Commands that act on carts and sessions: the rescue list, items to show, answers over HTTP."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import WORK, Workdir

app = typer.Typer()


@app.command()
def score(
    input: Annotated[Path, typer.Argument(help="Fresh log in the form of the run's source.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="Rescue list to write: .csv or .parquet, or a folder for parts of a list of any length.",
        ),
    ],
    workdir: Workdir = WORK,
    reasons: Annotated[bool, typer.Option(help="Say why, which takes most of the time.")] = True,
    items: Annotated[bool, typer.Option(help="Say what to show.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print what the whole list comes to as JSON.")] = False,
) -> None:
    """Write the rescue list: open carts, how likely each is lost, why, what to show, and whether a nudge pays."""
    from pipeline.commands.score import score_command

    score_command(input, output, workdir, reasons, items, as_json)


@app.command()
def recommend(
    items: Annotated[
        list[str] | None, typer.Argument(help="Items of a session, oldest first; none for the popular ones.")
    ] = None,
    k: Annotated[int | None, typer.Option("--k", "-k", min=1, help="Items wanted; `top_k` where not set.")] = None,
    exclude_seen: Annotated[bool, typer.Option("--exclude-seen", help="Leave out the session's own items.")] = False,
    exclude: Annotated[list[str] | None, typer.Option(help="Never show this item; again for more.")] = None,
    exclude_file: Annotated[
        Path | None, typer.Option(help="Never show the items of this text file, one id a line.")
    ] = None,
    bought: Annotated[
        list[str] | None, typer.Option(help="Leave out this item, which was bought before; again for more.")
    ] = None,
    visitor: Annotated[
        str | None, typer.Option(help="Leave out what this visitor has bought in the log of the run.")
    ] = None,
    same_category: Annotated[
        bool, typer.Option("--same-category", help="Keep to the category of the latest item that has one.")
    ] = False,
    category: Annotated[list[str] | None, typer.Option(help="Keep to this category; again for more.")] = None,
    min_price: Annotated[float | None, typer.Option(help="Lowest price, in the shop's currency.")] = None,
    max_price: Annotated[float | None, typer.Option(help="Highest price.")] = None,
    events: Annotated[
        str | None,
        typer.Option(
            metavar="KIND,KIND,…",
            help="What happened to each item: view, cart, uncart, purchase or favourite; unknown where not set.",
        ),
    ] = None,
    gaps: Annotated[
        str | None,
        typer.Option(
            metavar="SECONDS,SECONDS,…",
            help="Seconds between each item's event and the one before, 0 for the first; unknown where not set.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    workdir: Workdir = WORK,
) -> None:
    """Say which items are most likely to come next in a session."""
    from pipeline.commands.recommend import Wishes, recommend_command

    wishes = Wishes(
        k, exclude_seen, exclude or [], same_category, category or [], min_price, max_price, events, gaps,
        exclude_file, bought or [], visitor,
    )  # fmt: skip
    recommend_command(items or [], wishes, workdir, as_json)


@app.command()
def serve(
    workdir: Workdir = WORK,
    abandonment: Annotated[
        str | None, typer.Option(help="Registered model instead of the run's: models:/cart-abandonment@champion.")
    ] = None,
    recommender: Annotated[
        str | None, typer.Option(help="Registered recommender instead of the run's: models:/next-item@champion.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; any free one for 0.")] = 8080,
    reload: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="How often to look for other models.")
    ] = 30.0,
) -> None:
    """Answer over HTTP how likely carts are to be left, and what to show; other models are taken over without a gap."""
    from pipeline.commands.serve import serve_command

    serve_command(workdir, abandonment, recommender, host, port, reload)
