"""How exactly the test carts of a run tell what its rescue list brings."""

import json
from pathlib import Path


def risk_error(workdir: Path) -> float:
    """Standard error of what the nudges of a list bring, as a share of it (`models.nudging.list_total.risk_error`).

    0 where the run has not been evaluated, or a nudge paid for none of its test carts.
    """
    file = workdir / "evaluate" / "metrics.json"
    if not file.exists():
        return 0.0
    told = json.loads(file.read_text())["abandonment"].get("threshold", {})
    return float(told.get("list_error") or 0.0)
