"""`explain`: one session's cart, a group of carts, or where the report is."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from data.errors import InputError
from pipeline.runner import need_abandonment, read_config


def explain_command(
    session: str | None, where: str | None, decision_point: int | None, output: Path | None, workdir: Path
) -> None:
    """Explain one session's cart, or a group of carts; without either, say where the report is.

    Raises:
        InputError: no run, one without an abandonment model, both a session and a group, or what either is asked
            for in vain.
    """
    config = read_config(workdir)
    if session is not None and where is not None:
        raise InputError("`--session` and `--where` exclude each other. Received: both")
    if decision_point is not None and session is None:
        raise InputError(f"`--decision-point` should come with `--session`. Received: {decision_point} without one")
    if session is None and where is None:
        _report(workdir, config.abandonment.enabled)
        return
    need_abandonment(config, workdir)
    if session is not None:
        from pipeline.commands.explain_session import explain_session

        explain_session(session, decision_point, output, workdir, config)
    elif where is not None:
        from pipeline.commands.explain_group import explain_group

        explain_group(where, output, workdir, config)


def _report(workdir: Path, abandonment: bool) -> None:
    report = workdir / "report" / "index.html"
    if not report.exists():
        raise InputError(f"{workdir} has no report yet. Run first: python -m pipeline run --workdir {workdir}")
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(str(report)))
    if abandonment:
        console.print("For one cart: python -m pipeline explain --session ID")
        console.print('For a group of carts: python -m pipeline explain --where "cart_value > 100"')
