"""`explain`: one session's cart, a group of carts, or where the report is."""

import os
import shlex
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
        InputError: no run, one without an abandonment model, both a session and a group, what either is asked for in
            vain, or a page that cannot be written.
    """
    config = read_config(workdir)
    if session is not None and where is not None:
        raise InputError("`--session` and `--where` exclude each other. Received: both")
    if decision_point is not None and session is None:
        raise InputError(f"`--decision-point` should come with `--session`. Received: {decision_point} without one")
    if session is None and where is None:
        if output is not None:
            raise InputError(f"`--output` should come with `--session` or `--where`. Received: {output} without either")
        _report(workdir, config.abandonment.enabled)
        return
    need_abandonment(config, workdir)
    if output is not None:
        _check_page(output)
    if session is not None:
        from pipeline.commands.explain_session import explain_session

        explain_session(session, decision_point, output, workdir, config)
    elif where is not None:
        from pipeline.commands.explain_group import explain_group

        explain_group(where, output, workdir, config)


def _check_page(page: Path) -> None:
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        writable = os.access(page.parent, os.W_OK)
        problem = "it is a folder" if page.is_dir() else "" if writable else "its folder cannot be written"
    except OSError as error:
        problem = str(error.strerror)
    if problem:
        raise InputError(f"`--output` should be an HTML page that can be written. Received: {page} ({problem}).")


def _report(workdir: Path, abandonment: bool) -> None:
    report = workdir / "report" / "index.html"
    if not report.exists():
        raise InputError(f"{workdir} has no report yet. Run first: python -m pipeline run --workdir {workdir}")
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(str(report)))
    if abandonment:
        elsewhere = f" --workdir {shlex.quote(str(workdir))}" if workdir != Path("work") else ""
        command = f"python -m pipeline explain{elsewhere}"
        console.print(Text(f"For one cart: {command} --session ID"))
        console.print(Text(f'For a group of carts: {command} --where "cart_value > 100"'))
