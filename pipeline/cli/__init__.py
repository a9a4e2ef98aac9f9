"""The command line, a module for each family of commands. Nothing heavy is imported before a command needs it."""

import os
import sys
from typing import Annotated

import typer

from pipeline.cli import acting, experimenting, explaining, operating, running, starting
from pipeline.temporary import temporary_files

FAMILIES = (running, experimenting, explaining, acting, operating, starting)
"""In the order in which `--help` lists their commands."""

STOPPED = "Stopped. What was finished is kept; the same command goes on from there."
INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""

app = typer.Typer(
    name="pipeline",
    help="From a log of carts and sessions to a tracked recommender, a cart-abandonment model and a report to act on.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for family in FAMILIES:
    app.add_typer(family.app)


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of a failure.")] = False,
) -> None:
    if debug:
        os.environ["PIPELINE_DEBUG"] = "1"


def main() -> None:
    """Run the command line; a user's mistake is one message and exit code 2, anything else says how to see more."""
    try:
        with temporary_files():
            app()
    except KeyboardInterrupt:
        _fail(STOPPED, INTERRUPTED)
    except SystemExit as end:
        if end.code == INTERRUPTED:  # what Typer makes of Ctrl-C, without a word
            _fail(STOPPED, INTERRUPTED)
        raise
    except Exception as error:
        from data.errors import InputError

        if os.environ.get("PIPELINE_DEBUG"):
            raise
        if isinstance(error, InputError):
            _fail(str(error), 2)
        from pipeline.store import without_password

        what = f"{type(error).__name__}: {without_password(str(error))}"
        _fail(f"{what}\nFor the traceback: python -m pipeline --debug …", 1)


def _fail(message: str, code: int) -> None:
    print(message, file=sys.stderr)  # noqa: T201
    sys.exit(code)
