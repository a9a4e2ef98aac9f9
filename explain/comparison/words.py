"""A comparison in sentences, which say what the intervals show and nothing beyond."""

from collections.abc import Mapping
from typing import Any

from explain.comparison.phrases import counted, gap_text, judged_on, many, reason, said, seconds_text
from explain.comparison.rows import Comparison, Row, number, read_comparison
from explain.report.findings import Caution
from explain.wording import count_text, decimal_text, interval_text, join_words, metric_name, upper_first

FEW = 200
"""Judged examples below which every figure is called uncertain."""

WIDE_INTERVAL = 0.1
"""Width of the best one's interval from which the figures are called uncertain."""


def comparison_lines(result: Mapping[str, Any]) -> list[str]:
    """What to use, and how sure that is.

    Args:
        result: what `python -m pipeline compare` found: see `models.study.results.summarize`.

    Returns:
        Plain sentences, the conclusion first, then what is level, behind and failed, then the cautions.
    """
    found = read_comparison(result)
    return [*sentences(found), *(f"{caution.heading}: {caution.text}" for caution in cautions(found))]


def sentences(found: Comparison) -> list[str]:
    """The conclusion, what is level with the best one, what is behind it and what failed."""
    if found.best is None:
        return ["Nothing can be recommended: no alternative was trained to the end.", *_failed(found)]
    parts = (_best(found, found.best), _level(found), _soonest(found, found.best), _behind(found))
    more = (_against_none(found), _configured(found), *_failed(found))
    return [text for text in (*parts, *more) if text]


def _best(found: Comparison, best: Row) -> str:
    mean, *interval = best["quality"]
    metric = metric_name(str(found.result["judged"]))
    where = f"on {judged_on(found)} that no choice has seen"
    figure = f"{decimal_text(mean)} (95% interval {interval_text(interval)})"
    if len(found.done) == 1:
        return f"Only {said(best)} could be judged, so there is nothing to choose: {where} its {metric} is {figure}."
    if found.behind:
        return f"Use {said(best)}: {where} its {metric} is {figure}."
    return (
        f"Nothing here makes a difference that this sample can show: {where} {said(best)} has the highest {metric}, "
        f"{figure}, and no other is shown to be behind."
    )


def _level(found: Comparison) -> str:
    if found.level:
        names = join_words([said(row) for row in found.level])
        return f"Level with it, as the interval of the difference reaches zero: {names}."
    return "No other is level with it." if found.behind else ""


def _soonest(found: Comparison, best: Row) -> str:
    if not found.level:
        return ""
    first = found.soonest
    if first is None:
        return "None of these reaches the target under every seed."
    took = (
        f"in {seconds_text(first['seconds_to_target'])} of training ({many(round(first['steps_to_target']), 'step')})"
    )
    if first is best:
        return f"It also reaches the target soonest of these, {took}."
    other = number(best["seconds_to_target"])
    rest = "does not reach it under every seed" if other is None else f"takes {seconds_text(other)}"
    return (
        f"Of these, {said(first)} reaches the target soonest, {took}, which makes it the economical choice; "
        f"{said(best)} {rest}."
    )


def _behind(found: Comparison) -> str:
    return f"Behind it: {'; '.join(f'{said(row)} by {gap_text(row)}' for row in found.behind)}." if found.behind else ""


def _against_none(found: Comparison) -> str:
    """Whether anything is better than doing nothing, where that is an alternative."""
    none = next((row for row in found.done if row["name"] == "none"), None)
    if none is None or len(found.done) == 1:
        return ""
    if none is found.best:
        return f"Nothing here is shown to be better than {said(none)}."
    if none in found.level:
        return f"As {said(none)} is level with the best, nothing here is shown to help."
    return f"As {said(none)} is behind, the gain over it is shown."


def _configured(found: Comparison) -> str:
    row = found.configured
    if row is None or row is found.best or len(found.done) == 1:
        return ""
    name = said(row) if row["name"] == "configured" else f"what is configured, {said(row)},"
    verb = "are" if row["name"] == "configured" else "is"
    if row in found.level:
        return upper_first(f"{name} {verb} level with the best: nothing here asks for a change.")
    return upper_first(f"{name} {verb} behind: the gain of a change is shown.")


def _failed(found: Comparison) -> list[str]:
    return [upper_first(f"{said(row)} failed: {reason(row)}.") for row in found.failed]


def cautions(found: Comparison) -> list[Caution]:
    """What puts the order in doubt."""
    if found.best is None:
        return []
    budget, result = found.result["budget"], []
    _, low, high = found.best["quality"]
    rows, seeds = budget["judged_rows"], budget["seeds"]
    if rows < FEW or high - low > WIDE_INTERVAL:
        text = f"With only {count_text(rows)} {counted(found)} to judge by, every figure is uncertain: a first look."
        result.append(Caution("Few data", text))
    if seeds == 1:
        text = "Each best setting was trained under one seed, so the intervals leave out the luck of the start."
        result.append(Caution("One seed", f"{text} Train under three or more before relying on a small difference."))
    lost = [row for row in found.done if len(row.get("seeds", ())) < seeds and "seeds" in row]
    if lost:
        names = join_words([f"{said(row)} ({len(row['seeds'])} of {seeds})" for row in lost])
        result.append(Caution("Seeds are missing", f"Some trainings failed; what is left is judged: {names}."))
    return result
