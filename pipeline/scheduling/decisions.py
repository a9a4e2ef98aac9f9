"""What `retrain` decided: it writes each of its decisions to a file."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any


def latest_decision(workdir: Path, since: datetime) -> dict[str, Any] | None:
    """The last decision written since a moment: `decision` is promoted, kept or refused, `sentence` says why."""
    files = [(path.stat().st_mtime, path) for path in (workdir / "retrain").glob("*/decision.json")]
    written, path = max(files, default=(0.0, workdir))
    if written < since.timestamp():
        return None
    try:
        decision = json.loads(path.read_text())
    except ValueError:  # no decision; what the run came to, its exit code says
        return None
    return decision if isinstance(decision, dict) else None
