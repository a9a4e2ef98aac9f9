"""What tests of every package share."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def retail_data() -> Path:
    """Folder with the real data sets; a test that needs it is skipped where there is none."""
    for folder in (os.environ.get("RETAIL_DATA"), ROOT.parent / "shared" / "data"):
        if folder and Path(folder).is_dir():
            return Path(folder)
    pytest.skip("the real data sets are not here; set RETAIL_DATA to their folder")
