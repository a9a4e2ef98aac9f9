"""Whether a command has promoted a model: `retrain` writes each of its decisions to a file."""

import json
from datetime import datetime
from pathlib import Path

from pipeline.config import flat


def promoted_since(workdir: Path, moment: datetime) -> bool:
    """Whether a decision written since then made a new champion of any model."""
    files = (workdir / "retrain").glob("*/decision.json")
    return any(path.stat().st_mtime >= moment.timestamp() and _promoted(path) for path in files)


def _promoted(path: Path) -> bool:
    try:
        told = flat(json.loads(path.read_text()))
        return any(key.split(".")[-1] == "decision" and value == "promoted" for key, value in told)
    except (ValueError, AttributeError):  # no decision; the run itself has ended well
        return False
