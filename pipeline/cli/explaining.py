"""Commands that say why a model says what it says, and whether people understand it."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import WORK, Workdir

app = typer.Typer()


@app.command()
def explain(
    session: Annotated[str | None, typer.Option("--session", help="Explain this session's cart.")] = None,
    where: Annotated[
        str | None,
        typer.Option(
            "--where", help='Explain the test carts that meet a condition: "hour >= 22 and cart_value > 100".'
        ),
    ] = None,
    decision_point: Annotated[
        int | None, typer.Option(help="Its decision point k; the last one where not set.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write an HTML page as well.")] = None,
    workdir: Workdir = WORK,
) -> None:
    """Say why the model expects one cart, or a group of carts, to be left, or show where the report is."""
    from pipeline.commands.explain import explain_command

    explain_command(session, where, decision_point, output, workdir)


@app.command()
def quiz(
    answers: Annotated[
        list[Path] | None, typer.Option("--answers", help="Score this file of answers; again for more.")
    ] = None,
    workdir: Workdir = WORK,
) -> None:
    """Write a quiz that measures whether people can tell from an explanation what the model says; score answers."""
    from pipeline.commands.quiz import quiz_command

    quiz_command(answers or [], workdir)


@app.command()
def review(
    ratings: Annotated[
        list[Path] | None, typer.Option("--ratings", help="Sum up this file of ratings; again for more.")
    ] = None,
    workdir: Workdir = WORK,
) -> None:
    """Write a form in which people who know the shop rate real cases; sum up their ratings."""
    from pipeline.commands.review import review_command

    review_command(ratings or [], workdir)


@app.command()
def reports(
    folder: Annotated[Path, typer.Argument(help="Folder with work folders in it, at any depth.")] = Path(),
) -> None:
    """Write an index page over the runs below a folder: their key figures, and links to their reports."""
    from pipeline.commands.reports import reports_command

    reports_command(folder)
