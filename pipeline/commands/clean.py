"""`clean`."""

from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from data.errors import InputError
from pipeline.retention import STAGES, clean


def clean_command(workdir: Path, days: int, dry_run: bool) -> None:
    """Delete old events of visitors, and say what went.

    Raises:
        InputError: there is no such folder, or a command is at work in it.
    """
    if not workdir.is_dir():
        raise InputError(f"`--workdir` should be the folder of a run. Received: {workdir}, which is none.")
    console = Console(highlight=False, soft_wrap=True)
    found = clean(workdir, days, datetime.now(UTC).replace(tzinfo=None), dry_run)
    for one in found:
        done = "would go" if dry_run else "deleted"
        what = f"{one.part} in {one.path}" if one.part else str(one.path)
        console.print(Text(f"{done}  {what}, newest event of {one.newest:%Y-%m-%d %H:%M} UTC"))
    if not found:
        console.print(Text(f"Nothing in {workdir} is older than {days} days."))
    elif not dry_run and any(one.path == workdir / STAGES[0] for one in found):
        console.print(
            Text(
                "The models and reports are still there, less the ids of sessions; `score`, `serve` and `explain` need "
                "the log, and start from the next run."
            )
        )
