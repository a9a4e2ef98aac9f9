"""What tests of every package share."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]


def on_jax(script: str, *arguments: str) -> Any:
    """What a script prints last, as JSON, in a process whose Keras runs on JAX."""
    process = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def retail_data() -> Path:
    """Folder with the real data sets; a test that needs it is skipped where there is none."""
    for folder in (os.environ.get("RETAIL_DATA"), ROOT.parent / "shared" / "data"):
        if folder and Path(folder).is_dir():
            return Path(folder)
    pytest.skip("the real data sets are not here; set RETAIL_DATA to their folder")
