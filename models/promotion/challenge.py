"""The challenger of the abandonment model against its champion, on examples that neither has learnt from."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from data.errors import InputError
from data.examples import Examples
from models.binary_metrics import Floats, interval
from models.config.retraining import RetrainConfig
from models.evaluation import clusters_of
from models.promotion.paired_bootstrap import PAIRED, Drawn, paired_draws
from models.promotion.verdict import SLICE_SESSIONS, Check, Verdict, decided, gained, kept, moved, slices_held, too_few
from models.slices import Slice, slices_of

CHAMPION, CHALLENGER = "champion", "challenger"
BINS = 15
MOST_SLICE_RESAMPLES = 400


def judge(
    champion_probability: npt.NDArray[np.floating],
    challenger_probability: npt.NDArray[np.floating],
    examples: Examples,
    config: RetrainConfig,
    seed: int,
    bins: int = BINS,
    ranked: npt.NDArray[np.floating] | None = None,
    newest: npt.NDArray[np.bool_] | None = None,
) -> Verdict:
    """Promote where the challenger is surely better and nothing that matters has become worse.

    All of it must hold: the lower end of the AUC difference's interval is above `margin`, or AUC does not fall and log
    loss surely falls by more than `log_loss_margin`; the calibration error rises by no more than `max_ece_rise`, or log
    loss surely falls; log loss does not surely rise; no slice surely falls by more than `max_slice_fall`. Both are
    scored on the same draws of whole sessions (Efron & Tibshirani 1993, ch. 8 and 13), so that what they share cancels.

    A challenger that is heard again brings the examples of earlier sessions too. They show how it ranks; how well its
    probabilities are calibrated, and that it is better still, the newest ones have to show.

    Args:
        champion_probability: (n,) the champion's probabilities of "abandoned".
        challenger_probability: (n,) the challenger's, in each example by a calibration that has not learnt from it.
        examples: n that neither model's ranking has learnt from.
        config: margins and levels.
        seed: of the draws.
        bins: equal-count bins of the calibration error.
        ranked: (n,) what the challenger ranks by, where several calibrations made its probabilities.
        newest: (n,) which examples a new challenger is judged on, where the others are earlier; all where not given.

    Returns:
        The verdict; where too few sessions, one class only or a probability that is none leave nothing to compare, the
        champion is kept with that reason.

    Raises:
        InputError: the probabilities are not one for each example.
    """
    said = _each(champion_probability, challenger_probability, len(examples))
    config = config if newest is None else second_hearing(config)
    clusters = clusters_of(examples.keys)
    evidence = _counts(examples, clusters, config)
    recent = examples if newest is None else examples.take(newest)
    why = too_few(evidence["sessions"], config) or _one_class(recent) or _no_probability(said)
    if why:
        return kept(why, evidence)
    order = said if ranked is None else said | {CHALLENGER: np.asarray(ranked, dtype=np.float64)}
    drawn = paired_draws(examples.abandoned, order, clusters, config.resamples, bins, seed)
    if ranked is None and newest is None:
        calibrated = drawn
    else:
        own = {name: values if newest is None else values[newest] for name, values in said.items()}
        calibrated = paired_draws(recent.abandoned, own, clusters_of(recent.keys), config.resamples, bins, seed)
    evidence |= _compared(drawn, calibrated, config)
    evidence["slices"] = [
        _slice(one, examples, order, clusters, config, seed) for one in slices_of(examples, said[CHAMPION])
    ]
    if evidence["differences"]["auc"] is None:
        return kept("Too many resamples of the sessions have one class only to compare AUCs.", evidence)
    checks = _checks(evidence, config)
    return decided(checks if newest is None else [*checks, _still_better(recent, order, newest)], evidence)


def second_hearing(config: RetrainConfig) -> RetrainConfig:
    """The same with half the error of the intervals, so that both hearings together err little."""
    return config.model_copy(update={"confidence": 1.0 - (1.0 - config.confidence) / 2.0})


def _each(champion: npt.NDArray[np.floating], challenger: npt.NDArray[np.floating], examples: int) -> dict[str, Floats]:
    said = {CHAMPION: np.asarray(champion, dtype=np.float64), CHALLENGER: np.asarray(challenger, dtype=np.float64)}
    for name, values in said.items():
        if values.shape != (examples,):
            raise InputError(
                f"The {name}'s probabilities should be one for each of {examples:,} examples. "
                f"Received: an array of shape {values.shape}"
            )
    return said


def _counts(examples: Examples, clusters: npt.NDArray[np.int64], config: RetrainConfig) -> dict[str, Any]:
    return {
        "examples": len(examples),
        "sessions": int(clusters.max(initial=-1)) + 1,
        "abandoned_share": float(examples.abandoned.mean()) if len(examples) else None,
        "confidence": config.confidence,
        "resamples": config.resamples,
    }


def _one_class(examples: Examples) -> str | None:
    share = examples.abandoned.mean()
    if 0 < share < 1:
        return None
    outcome = "abandoned" if share else "bought"
    return f"All {len(examples):,} examples to compare on were {outcome}, so that AUC is not defined."


def _no_probability(scores: dict[str, Floats]) -> str | None:
    for name in (CHALLENGER, CHAMPION):
        bad = ~((scores[name] >= 0) & (scores[name] <= 1))  # NaN is neither
        if bad.any():
            example = scores[name][np.argmax(bad)]
            return (
                f"The {name} gives no probability between 0 and 1 for {bad.sum():,} of {len(bad):,} examples "
                f"(e.g. {example:g}), so that it cannot be compared."
            )
    return None


def _compared(drawn: Mapping[str, Drawn], calibrated: Mapping[str, Drawn], config: RetrainConfig) -> dict[str, Any]:
    """Both models' measures and their differences: AUC from the one, what probabilities are worth from the other."""
    found = [drawn if metric == "auc" else calibrated for metric in PAIRED]
    # Resampling inflates the smaller of two calibration errors more; the interval is moved back by that.
    differences = {
        metric: _difference(found[column], column, config.confidence, centred=metric == "ece")
        for column, metric in enumerate(PAIRED)
    }
    points = {
        name: {metric: float(found[column][name].point[column]) for column, metric in enumerate(PAIRED)}
        for name in (CHAMPION, CHALLENGER)
    }
    return {**points, "differences": differences}


def _difference(drawn: Mapping[str, Drawn], column: int, level: float, centred: bool = False) -> list[float] | None:
    """Challenger − champion with its interval; None where too few resamples tell."""
    gain = float(drawn[CHALLENGER].point[column] - drawn[CHAMPION].point[column])
    values = drawn[CHALLENGER].values[:, column] - drawn[CHAMPION].values[:, column]
    edges = interval(values, level=level)
    if np.isnan(gain) or edges is None:
        return None
    bias = float(values.mean()) - gain if centred else 0.0
    return [gain, edges[0] - bias, edges[1] - bias]


def _slice(
    part: Slice,
    examples: Examples,
    scores: dict[str, Floats],
    clusters: npt.NDArray[np.int64],
    config: RetrainConfig,
    seed: int,
) -> dict[str, Any]:
    labels, groups = examples.abandoned[part.rows], np.unique(clusters[part.rows], return_inverse=True)[1]
    own = {name: values[part.rows] for name, values in scores.items()}
    drawn = paired_draws(labels, own, groups, min(config.resamples, MOST_SLICE_RESAMPLES), 1, seed)
    sessions = int(groups.max()) + 1
    old, new = (float(drawn[name].point[0]) for name in (CHAMPION, CHALLENGER))
    return {
        "feature": part.feature,
        "title": part.title,
        "slice": part.label,
        "n": int(part.rows.sum()),
        "sessions": sessions,
        CHAMPION: None if np.isnan(old) else old,
        CHALLENGER: None if np.isnan(new) else new,
        "difference": _difference(drawn, 0, config.confidence) if sessions >= SLICE_SESSIONS else None,
    }


def _checks(evidence: dict[str, Any], config: RetrainConfig) -> list[Check]:
    return [
        _better(evidence, config),
        _calibrated(evidence, config),
        slices_held("AUC", evidence["slices"], config),
    ]


def _better(evidence: dict[str, Any], config: RetrainConfig) -> Check:
    """Whether the challenger surely ranks better, or ranks no worse and its probabilities surely fit much better.

    When a season turns, what a champion says of every cart may be far off while its order still holds for a while.
    """
    auc, loss = evidence["differences"]["auc"], evidence["differences"]["log_loss"]
    both = (evidence[CHAMPION]["auc"], evidence[CHALLENGER]["auc"])
    ranks = gained("AUC", auc, both, config.margin, config.confidence, evidence["sessions"])
    if ranks.passed or loss[2] >= -config.log_loss_margin:
        return ranks
    passed = auc[0] >= 0.0
    told = (
        f"The challenger's log loss is {evidence[CHALLENGER]['log_loss']:.4f} and the champion's "
        f"{evidence[CHAMPION]['log_loss']:.4f}, {moved(loss, config.confidence)}, a fall of more than "
        f"{config.log_loss_margin:g} for sure; by AUC it ranks {'no worse' if passed else 'worse'}: {both[1]:.4f} "
        f"against {both[0]:.4f}, {moved(auc, config.confidence)}."
    )
    return Check(passed, told)


def _still_better(recent: Examples, order: Mapping[str, Floats], newest: npt.NDArray[np.bool_]) -> Check:
    """Whether the newest sessions speak for the challenger too: what was better before a season may not be in it."""
    old, new = (float(roc_auc_score(recent.abandoned, order[name][newest])) for name in (CHAMPION, CHALLENGER))
    word = "better" if new > old else "no better"
    told = f"On the newest sessions alone the challenger ranks {word}: {new:.4f} against {old:.4f} AUC."
    return Check(new > old, told)


def _calibrated(evidence: dict[str, Any], config: RetrainConfig) -> Check:
    """Whether decisions by the probabilities themselves become no worse.

    The calibration error is no proper score: one who says the same of every cart has none, and helps nobody. Log loss
    weighs calibration and telling carts apart together (Gneiting & Raftery 2007), as every cost of deciding by the
    probabilities does, and is what both models were fitted by: where it surely falls, the calibration error may rise,
    and where it surely rises, the champion stays.
    """
    old, new, rise = evidence[CHAMPION]["ece"], evidence[CHALLENGER]["ece"], evidence["differences"]["ece"]
    held = rise[0] <= config.max_ece_rise
    told = (
        f"The challenger's calibration error is {new:.4f} and the champion's {old:.4f}: "
        f"{moved(rise, config.confidence)}, {'no more' if held else 'more'} than the {config.max_ece_rise:g} allowed"
    )
    loss = evidence["differences"]["log_loss"]
    if held and loss[1] > 0:
        return Check(False, f"{told}, but log loss surely rises: {moved(loss, config.confidence)}.")
    if held:
        return Check(True, f"{told}.")
    falls = loss[2] < 0
    word = "but log loss surely falls" if falls else "and log loss does not surely fall"
    return Check(falls, f"{told}, {word}: {moved(loss, config.confidence)}.")
