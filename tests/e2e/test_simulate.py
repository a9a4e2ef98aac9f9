"""`simulate` on a finished run of the demo shop."""

import json
from pathlib import Path

from models.nudging.ab_testing import LIST, NOBODY, POPULAR, RANDOM
from tests.e2e.conftest import pipeline


def test_simulate_tells_what_the_list_brings_and_keeps_it(demo: Path) -> None:
    where = ("--workdir", demo / "work", "--sessions", "5000")
    told = pipeline("simulate", *where, home=demo).stdout
    result = json.loads((demo / "work" / "simulate" / "result.json").read_text())
    assert result["sessions"] == 6000  # whole crowds of the run's own size
    assert result["arms"][LIST]["nudges"] == result["arms"][RANDOM]["nudges"] > 0
    assert result["items"]["fit"][LIST] > 2 * result["items"]["fit"][POPULAR] > 0  # the run's own recommender
    assert result["items"]["true"][LIST]["abandoned_share"][2] < 0
    assert result["differences"][NOBODY][LIST]["abandoned_share"][0] < 0
    assert len(result["pilot"]["segments"]) == 7
    assert "Acting on the rescue list, the recommender's items shown, changes the share of carts left by −" in told
    page = (demo / "work" / "simulate" / "index.html").read_text()
    assert "visitor_purchases &gt;= 1" in page
    again = pipeline("simulate", *where, "--json", home=demo).stdout
    assert json.loads(again) == result
