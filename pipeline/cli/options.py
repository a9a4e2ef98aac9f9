"""Options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

Preset = Annotated[
    str | None, typer.Option("--preset", "-p", help="Ready configuration; `demo` where nothing is given.")
]
ConfigFile = Annotated[Path | None, typer.Option("--config", "-c", help="Your own TOML configuration.")]
Input = Annotated[Path | None, typer.Option("--input", "-i", help="The log: a file, a folder or a glob.")]
Settings = Annotated[list[str] | None, typer.Option("--set", "-s", help="Change one setting: section.key=value.")]
Workdir = Annotated[Path, typer.Option("--workdir", "-w", help="Folder for results and work files.")]
From = Annotated[str | None, typer.Option("--from", help="Run this stage and all after it.")]
Only = Annotated[str | None, typer.Option("--only", help="Run this stage alone.")]
Force = Annotated[bool, typer.Option("--force", help="Run stages even where nothing changed.")]
WORK = Path("work")
"""The work folder where none is named."""
