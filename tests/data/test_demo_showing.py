"""What showing an item does in the demo shop."""

import numpy as np
import pytest
from scipy.special import logit

from data.config import DemoConfig
from data.demo.browsing import AGAIN, STEP, next_items
from data.demo.catalogue import build_catalogue
from data.demo.log import VIEW, Log
from data.demo.showing import EMPTY, Browsed, fit, p_if_shown
from data.demo.visitors import Visits

CATALOGUE = build_catalogue(DemoConfig(items=60))
N = 200_000


def test_the_fit_is_how_often_a_session_turns_to_the_items_next() -> None:
    first, before, latest = 3, 40, 17
    log, rows, same = Log.empty(N), np.arange(N), np.ones(N, np.int64)
    for item in (first, before, latest):
        log.append(rows, VIEW, item * same, 0)
    category, tier = CATALOGUE.category[first] * same, CATALOGUE.tier[first] * same
    drawn = next_items(
        CATALOGUE, Visits(rows, 0 * same, np.zeros(N), category, tier), log, rows, np.random.default_rng(0)
    )
    unseen = np.setdiff1d(np.arange(60), [first, before, latest])
    browsed = Browsed(*(np.full(len(unseen), item) for item in (first, latest, before)))
    chances = fit(CATALOGUE, browsed, unseen[:, None])
    found = np.bincount(drawn, minlength=60)[unseen] / N
    np.testing.assert_allclose(found, chances, atol=4.5 * np.sqrt(0.25 / N))
    assert chances.max() > 0.1
    several = np.stack([unseen[:5], [*unseen[:2], EMPTY, EMPTY, EMPTY]])
    totals = fit(CATALOGUE, Browsed(browsed.first[:2], browsed.latest[:2], browsed.before[:2]), several)
    assert totals == pytest.approx([chances[:5].sum(), chances[:2].sum()])


def test_everything_shown_fits_but_for_what_is_looked_at_again() -> None:
    browsed = Browsed(*np.random.default_rng(1).integers(0, 60, (3, 50)))
    everything = np.broadcast_to(np.arange(60), (50, 60))
    np.testing.assert_allclose(fit(CATALOGUE, browsed, everything), 1.0 - STEP[AGAIN])
    assert (fit(CATALOGUE, browsed, np.full((50, 5), EMPTY)) == 0.0).all()


def test_log_odds_fall_by_the_response_times_the_fit() -> None:
    nudged, fits = np.array([0.2, 0.7, 0.95]), np.array([0.0, 0.3, 0.7])
    shown = p_if_shown(nudged, fits, 0.4)
    np.testing.assert_allclose(logit(nudged) - logit(shown), 0.4 * fits, atol=1e-12)
    np.testing.assert_allclose(p_if_shown(nudged, fits, 0.0), nudged)
