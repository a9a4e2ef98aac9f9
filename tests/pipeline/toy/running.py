"""A run of the toy stages."""

import io
from pathlib import Path
from typing import Any

from rich.console import Console

from pipeline.config import load_config
from pipeline.planning import Selection
from pipeline.progress import Progress
from pipeline.runner import run
from tests.pipeline.toy import STAGES


def toy_run(workdir: Path, *settings: str, selection: Selection | None = None) -> dict[str, Any]:
    config = load_config(None, None, ["tracking.enabled=false", *settings])
    with Progress(Console(file=io.StringIO())) as progress:
        return run(config, workdir, progress, selection, STAGES)
