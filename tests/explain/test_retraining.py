"""The page of a retrain, whose every text may come from data."""

from pathlib import Path
from typing import Any

import pytest

from explain.retraining import write_retraining
from tests.explain.decisions import decision, heard_again, refused
from tests.explain.pages import Page, assert_sound, charts
from tests.explain.results import EVIL


@pytest.mark.parametrize("made", [decision(), heard_again(), refused()], ids=["promoted", "again", "refused"])
def test_the_page_is_sound_and_no_text_of_the_data_is_markup(made: dict[str, Any], tmp_path: Path) -> None:
    text = write_retraining(made, tmp_path).read_text()
    page = Page(text)
    assert_sound(page)
    assert EVIL[0] in page.text
    assert EVIL[1] in page.text


def test_it_says_what_was_decided_and_why(tmp_path: Path) -> None:
    text = write_retraining(decision(), tmp_path).read_text()
    page = Page(text)
    assert "The challenger was promoted" in page.text
    assert "cart-abandonment: It is better." in page.text
    assert "65% of the carts were left, and 70% of those the champion learnt from: a change of −5.0 points" in page.text
    assert "3.0% of 1,000 events" in page.text
    assert "Champion, version 3" in page.text
    names = [chart.findtext("title") for chart in charts(text)]
    assert names.count("Features that moved most") == 2  # one form for each width
    assert len(names) == 6


def test_a_challenger_heard_again_has_its_own_evidence(tmp_path: Path) -> None:
    page = Page(write_retraining(heard_again(), tmp_path).read_text())
    assert "the challenger of" in page.text
    assert "heard again" in page.text
    assert "Challenger, version 2" in page.text
    assert "+0.004" in page.text


def test_a_feature_that_grows_with_the_log_is_told_apart_and_is_no_alarm(tmp_path: Path) -> None:
    made = decision()
    moved = made["drift"]["features"][0]
    grown = moved | {"title": "Earlier sessions", "psi": 3.5, "state": "stable", "cumulative": True}
    made["drift"]["features"] = [moved | {"title": "Cart value"}, grown]
    text = write_retraining(made, tmp_path).read_text()
    page = Page(text)
    assert "grows with the log" in page.text
    assert page.text.split("Largest drift (PSI)")[1].split("\n")[0] == "0.300Cart value"
    assert "Earlier sessions" not in "".join("".join(chart.itertext()) for chart in charts(text))


def test_a_champion_that_stays_for_want_of_sessions_says_so(tmp_path: Path) -> None:
    made = decision(decision="kept", sentence="kept: 3 sessions to compare on", models={}, drift=None, new_items=None)
    page = Page(write_retraining(made, tmp_path).read_text())
    assert "The champion stays" in page.text
    assert "kept: 3 sessions to compare on" in page.text
    assert "The evidence" not in page.text


def test_refused_data_name_the_rule_that_was_broken(tmp_path: Path) -> None:
    page = Page(write_retraining(refused(), tmp_path).read_text())
    assert "New data were refused" in page.text
    assert "broken" in page.text
    assert "Prices rose." in page.text
