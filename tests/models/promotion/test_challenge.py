"""A challenger is promoted where it is surely better, and for no other reason."""

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from data.errors import InputError
from data.examples import Examples
from models.config import RetrainConfig
from models.promotion.challenge import judge, second_hearing
from models.promotion.verdict import Verdict, gained
from tests.models.tables import carts, truth

CONFIG = RetrainConfig(resamples=200, min_sessions=100, max_ece_rise=0.5, max_slice_fall=1.0)
EXAMPLES = carts(3_000, 1)
TRUTH = truth(EXAMPLES)
Floats = npt.NDArray[np.float64]


def noisy(p: Floats, sigma: float, seed: int) -> Floats:
    noise = np.random.default_rng(seed).normal(0, sigma, len(p))
    probability: Floats = stats.logistic.cdf(stats.logistic.ppf(p) + noise)
    return probability


WORSE = noisy(TRUTH, 1.0, 0)


def changed(**settings: Any) -> RetrainConfig:
    return CONFIG.model_copy(update=settings)


def test_the_better_model_is_promoted_and_the_worse_one_kept_with_the_figures_said() -> None:
    up, down = judge(WORSE, TRUTH, EXAMPLES, CONFIG, 0), judge(TRUTH, WORSE, EXAMPLES, CONFIG, 0)
    assert (up.promote, down.promote) == (True, False)
    assert up.summary.startswith("promoted: ")
    assert down.summary.startswith("kept: ")
    for verdict in (up, down):
        gain, low, high = verdict.evidence["differences"]["auc"]
        for value in (gain, low, high):
            assert f"{value:+.4f}" in verdict.summary
        assert f"{verdict.evidence['challenger']['auc']:.4f}" in verdict.summary
        assert json.loads(json.dumps(verdict.as_table()))["summary"] == verdict.summary


def test_the_same_model_is_kept_whatever_the_level() -> None:
    for confidence in (0.5, 0.95):
        verdict = judge(TRUTH, TRUTH.astype(np.float64), EXAMPLES, changed(confidence=confidence), 3)
        assert not verdict.promote
        assert all(values == [0.0, 0.0, 0.0] for values in verdict.evidence["differences"].values())


def test_changing_places_turns_every_difference_round() -> None:
    one, other = (
        judge(*pair, EXAMPLES, CONFIG, 5).evidence["differences"] for pair in ((WORSE, TRUTH), (TRUTH, WORSE))
    )
    for metric, (gain, low, high) in one.items():
        assert other[metric] == pytest.approx([-gain, -high, -low], abs=1e-9)


def test_the_interval_is_that_of_delong_where_every_session_has_one_row() -> None:
    keys = EXAMPLES.keys.assign(session_id=[f"s{row}" for row in range(len(EXAMPLES))])
    alone = Examples(keys, EXAMPLES.features, EXAMPLES.abandoned, EXAMPLES.specs)
    gain, low, high = judge(WORSE, TRUTH, alone, changed(resamples=2_000), 0).evidence["differences"]["auc"]
    left, bought = (EXAMPLES.abandoned == 1), (EXAMPLES.abandoned == 0)

    def placements(scores: Floats) -> tuple[Floats, Floats]:
        above, level = scores[left][:, None] > scores[bought], scores[left][:, None] == scores[bought]
        right = above + level / 2
        return right.mean(axis=1), right.mean(axis=0)

    over_left, over_bought = (new - old for new, old in zip(placements(TRUTH), placements(WORSE), strict=True))
    error = np.sqrt(over_left.var(ddof=1) / left.sum() + over_bought.var(ddof=1) / bought.sum())
    assert gain == pytest.approx(over_left.mean())
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.08)


def test_rows_repeated_within_their_session_prove_nothing_more() -> None:
    rows = np.repeat(np.arange(len(EXAMPLES)), 3)
    once = judge(WORSE, TRUTH, EXAMPLES, CONFIG, 0).evidence["differences"]
    thrice = judge(WORSE[rows], TRUTH[rows], EXAMPLES.take(rows), CONFIG, 0).evidence["differences"]
    for metric in ("auc", "log_loss", "brier"):
        assert thrice[metric] == pytest.approx(once[metric], rel=1e-5)


def test_a_gain_has_to_be_above_the_margin_with_the_lower_end() -> None:
    _, low, _ = judge(WORSE, TRUTH, EXAMPLES, CONFIG, 0).evidence["differences"]["auc"]
    assert judge(WORSE, TRUTH, EXAMPLES, changed(margin=low - 1e-6), 0).promote
    verdict = judge(WORSE, TRUTH, EXAMPLES, changed(margin=low, log_loss_margin=9.0), 0)
    assert not verdict.promote
    assert "not above the margin" in verdict.reasons[0]


def test_better_ranking_does_not_excuse_worse_probabilities() -> None:
    bent = TRUTH**4
    verdict = judge(WORSE, bent, EXAMPLES, changed(max_ece_rise=0.02), 0)
    assert verdict.evidence["differences"]["auc"][1] > 0
    assert not verdict.promote
    assert "calibration error" in verdict.reasons[0]
    assert "AUC" in verdict.reasons[1], "what speaks for it is said too"
    assert judge(WORSE, TRUTH, EXAMPLES, changed(max_ece_rise=0.02), 0).promote


def test_better_ranking_does_not_excuse_a_log_loss_that_surely_rises() -> None:
    verdict = judge(WORSE, TRUTH**3, EXAMPLES, changed(max_ece_rise=1.0), 0)  # the same order as the truth
    assert verdict.evidence["differences"]["auc"][1] > 0
    assert verdict.evidence["differences"]["log_loss"][1] > 0
    assert not verdict.promote
    assert "but log loss surely rises" in verdict.reasons[0]


def test_a_calibration_error_may_rise_where_log_loss_surely_falls() -> None:
    # Nearly the same of every cart: calibrated, and of no use.
    alike = EXAMPLES.abandoned.mean() + 1e-6 * np.random.default_rng(0).normal(size=len(EXAMPLES))
    verdict = judge(alike, TRUTH**1.3, EXAMPLES, changed(max_ece_rise=0.02), 0)
    differences = verdict.evidence["differences"]
    assert differences["ece"][1] > 0.02
    assert differences["log_loss"][2] < 0
    assert "more than the 0.02 allowed, but log loss surely falls" in verdict.reasons[1]
    assert verdict.promote


@pytest.mark.parametrize(("sigma", "promoted"), [(0.0, True), (0.3, False)])
def test_probabilities_that_fit_far_better_make_up_for_a_gain_in_ranking_that_is_not_shown(
    sigma: float, promoted: bool
) -> None:
    off = stats.logistic.cdf(stats.logistic.ppf(TRUTH) + 1.5)  # the same order
    verdict = judge(off, noisy(TRUTH, sigma, 4), EXAMPLES, CONFIG, 0)
    gain, _, high = verdict.evidence["differences"]["auc"]
    assert (gain >= 0) is promoted is verdict.promote
    assert "for sure" in verdict.reasons[0]
    assert f"ranks {'no worse' if promoted else 'worse'}" in verdict.reasons[0]
    fall = -verdict.evidence["differences"]["log_loss"][2]
    assert fall > CONFIG.log_loss_margin
    strict = judge(off, noisy(TRUTH, sigma, 4), EXAMPLES, changed(log_loss_margin=fall + 1e-9), 0)
    assert not strict.promote
    assert strict.reasons[0].startswith("The challenger's AUC")
    assert high < 0 or promoted


def test_a_slice_that_falls_keeps_the_champion_and_is_named() -> None:
    books = (EXAMPLES.features["category"] == "books").to_numpy()
    blind = np.where(books, np.random.default_rng(0).permutation(TRUTH), TRUTH)
    champion = np.where(books, TRUTH, WORSE)
    verdict = judge(champion, blind, EXAMPLES, changed(max_slice_fall=0.05, resamples=400), 0)
    fallen = next(one for one in verdict.evidence["slices"] if one["slice"] == "books")
    assert fallen["difference"][2] < -0.05
    assert not verdict.promote
    reason = next(reason for reason in verdict.reasons if "books" in reason)
    assert f"{fallen['difference'][0]:+.4f}" in reason
    # A fall that may be smaller than what is allowed is not for sure.
    unsure = changed(max_slice_fall=-(fallen["difference"][1] + fallen["difference"][2]) / 2, resamples=400)
    assert "None of" in judge(champion, blind, EXAMPLES, unsure, 0).reasons[-1]


def test_the_interval_of_the_calibration_error_lies_around_the_difference() -> None:
    few = np.arange(400)
    gain, low, high = judge(TRUTH[few], TRUTH[few] ** 4, EXAMPLES.take(few), CONFIG, 0).evidence["differences"]["ece"]
    assert abs((low + high) / 2 - gain) < 0.1 * (high - low), "resampling adds noise to the better of the two alone"


def test_the_same_seed_gives_the_same_verdict() -> None:
    one, again, other = (judge(WORSE, TRUTH, EXAMPLES, CONFIG, seed).as_table() for seed in (1, 1, 2))
    assert one == again
    assert one["evidence"]["differences"] != other["evidence"]["differences"]


def without(values: Floats, value: float) -> Floats:
    broken = values.copy()
    broken[[3, 8]] = value
    return broken


@pytest.mark.parametrize(
    ("champion", "challenger", "said"),
    [
        (WORSE[:50], TRUTH[:50], "There are 25 sessions to compare on; `retrain.min_sessions` is 100"),
        (WORSE[:1], TRUTH[:1], "There is 1 session to compare on"),
        (WORSE[:0], TRUTH[:0], "There are 0 sessions"),
        (WORSE, without(TRUTH, np.nan), "challenger gives no probability between 0 and 1 for 2 of 3,000"),
        (WORSE, without(TRUTH, 1.5), "for 2 of 3,000 examples (e.g. 1.5)"),
        (without(WORSE, np.inf), TRUTH, "The champion gives no probability"),
    ],
)
def test_what_cannot_be_compared_keeps_the_champion_and_says_why(
    champion: Floats, challenger: Floats, said: str
) -> None:
    verdict = judge(champion, challenger, EXAMPLES.take(np.arange(len(champion))), CONFIG, 0)
    assert not verdict.promote
    assert said in verdict.summary
    json.dumps(verdict.as_table(), allow_nan=False)


@pytest.mark.parametrize(("label", "word"), [(0, "bought"), (1, "abandoned")])
def test_one_class_alone_keeps_the_champion(label: int, word: str) -> None:
    one = EXAMPLES.take(EXAMPLES.abandoned == label)
    rows = EXAMPLES.abandoned == label
    verdict = judge(WORSE[rows], TRUTH[rows], one, CONFIG, 0)
    assert not verdict.promote
    assert f"were {word}" in verdict.summary


def test_probabilities_of_other_examples_are_refused() -> None:
    with pytest.raises(InputError, match=r"The challenger's probabilities should be one for each of 3,000 examples"):
        judge(WORSE, TRUTH[:-1], EXAMPLES, CONFIG, 0)
    with pytest.raises(InputError, match=r"The champion's .* shape \(3000, 1\)"):
        judge(WORSE[:, None], TRUTH, EXAMPLES, CONFIG, 0)


def test_a_slice_of_few_sessions_decides_nothing() -> None:
    words = EXAMPLES.features["category"].copy()
    words.iloc[:20] = "rare"
    features = EXAMPLES.features.assign(category=words)
    examples = Examples(EXAMPLES.keys, features, EXAMPLES.abandoned, EXAMPLES.specs)
    challenger = TRUTH.copy()
    challenger[:20] = 1 - EXAMPLES.abandoned[:20]
    verdict: Verdict = judge(WORSE, challenger, examples, changed(max_slice_fall=0.0), 0)
    rare = next(one for one in verdict.evidence["slices"] if one["slice"] == "rare")
    assert (rare["n"], rare["sessions"], rare["difference"]) == (20, 10, None)


def test_a_challenger_is_ranked_by_one_score_and_its_probabilities_judged_by_another() -> None:
    fine = judge(WORSE, TRUTH, EXAMPLES, CONFIG, 0).evidence["differences"]
    pieces = np.where(np.arange(len(TRUTH)) % 2 == 0, TRUTH, TRUTH**3)
    found = judge(WORSE, pieces, EXAMPLES, CONFIG, 0, ranked=TRUTH).evidence["differences"]
    assert found["auc"] == fine["auc"]
    assert found["log_loss"] == judge(WORSE, pieces, EXAMPLES, CONFIG, 0).evidence["differences"]["log_loss"]
    assert found["log_loss"] != fine["log_loss"]


def test_both_windows_show_a_gain_that_neither_shows_alone() -> None:
    newest, slightly = np.arange(len(EXAMPLES)) >= 1_500, noisy(TRUTH, 0.45, 1)
    halves = [(slightly[half], TRUTH[half], EXAMPLES.take(half)) for half in (newest, ~newest)]
    alone = [judge(*half, CONFIG, 0).evidence["differences"]["auc"][1] for half in halves]
    both = judge(slightly, TRUTH, EXAMPLES, CONFIG, 0, newest=newest).evidence["differences"]["auc"][1]
    between = changed(margin=(max(alone) + both) / 2)
    assert not any(judge(*half, between, 0).promote for half in halves)
    again = judge(slightly, TRUTH, EXAMPLES, between, 0, newest=newest)
    assert again.promote
    assert again.evidence["confidence"] == pytest.approx(0.975)
    assert "(97.5% interval" in again.reasons[0]
    assert "On the newest sessions alone the challenger ranks better" in again.reasons[-1]


def test_who_is_heard_again_is_calibrated_for_the_newest_window_and_better_there() -> None:
    newest = np.arange(len(EXAMPLES)) >= 2_000
    bent_before = np.where(newest, TRUTH, TRUTH**6)
    strict = changed(max_ece_rise=0.02, resamples=400)
    alone = judge(WORSE[newest], TRUTH[newest], EXAMPLES.take(newest), second_hearing(strict), 0).evidence
    again = judge(WORSE, bent_before, EXAMPLES, strict, 0, newest=newest).evidence
    for metric in ("log_loss", "brier", "ece"):
        assert again["differences"][metric] == alone["differences"][metric]
    assert again["differences"]["auc"] != alone["differences"]["auc"]
    season = np.where(newest, TRUTH, 1 - TRUTH), np.where(newest, WORSE, TRUTH)
    verdict = judge(*season, EXAMPLES, CONFIG, 0, newest=newest)
    assert verdict.evidence["differences"]["auc"][1] > 0
    assert not verdict.promote
    assert "ranks no better" in " ".join(verdict.reasons)


def test_a_gain_that_is_not_shown_says_how_many_sessions_would_show_it() -> None:
    # Half of the interval is 5/4 of the gain: 25/16 of the sessions make it as wide as the gain.
    check = gained("AUC", (0.004, -0.001, 0.009), (0.80, 0.804), 0.0, 0.95, 2_000)
    assert not check.passed
    assert check.sentence.endswith("about 3,200 sessions would show it.")
    for shown in ((0.004, 0.001, 0.009), (-0.004, -0.009, 0.001)):
        assert "would show" not in gained("AUC", shown, (0.8, 0.8), 0.0, 0.95, 2_000).sentence
