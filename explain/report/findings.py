"""What the report says in words: the bottom line and the warnings."""

from dataclasses import dataclass
from typing import Any, Literal

from explain.attributing.ranking import mean_points, ranking
from explain.report.data import ReportData
from explain.report.disagreements import disagreements
from explain.wording import (
    count_text,
    decimal_text,
    interval_text,
    join_words,
    lower_first,
    points_text,
    share_text,
    signed_text,
)  # fmt: skip

BASELINES = {
    "logistic_regression": "logistic regression",
    "gradient_boosting": "gradient boosting",
    "popularity": "popularity",
    "session_popularity": "popularity in the session",
    "markov": "Markov chain",
    "repeat_markov": "repeats, then Markov chain",
    "item_cooccurrence": "items seen together",
    "vsknn": "V-SkNN",
    "vstan": "VSTAN",
}


@dataclass(frozen=True)
class Caution:
    """Something the reader should know before trusting a figure."""

    heading: str
    """What it is about."""

    text: str
    """What was found and what to do."""

    level: Literal["serious", "note"] = "serious"
    """Serious ones put a conclusion in doubt."""


def baseline_name(name: str) -> str:
    """A baseline's name for a reader."""
    return BASELINES.get(name, name.replace("_", " "))


def bottom_line(data: ReportData) -> list[str]:
    """The report in five sentences."""
    found = data.metrics["abandonment"]
    return [
        _what(found["counts"]),
        _how_good(found),
        does_it_pay(found, "auc", "AUC"),
        _trust(data),
        _where_to_look(data),
    ]


def _what(counts: dict[str, Any]) -> str:
    share = counts["abandoned_share"]
    return (
        f"The model was tested on {count_text(counts['examples'])} decision points of {count_text(counts['sessions'])} "
        f"sessions it had never seen; in {share_text(share)} of them the cart was left."
    )


def _how_good(found: dict[str, Any]) -> str:
    auc, interval = found["test"]["auc"], found["test_intervals"].get("auc")
    if auc is None:
        return "How well it ranks carts cannot be said: the test carts all ended the same way."
    return (
        f"Shown one cart that was left and one that was bought, it gives the left one the higher risk in "
        f"{share_text(auc, 1)} of cases (95% interval {shares_text(interval)}); "
        + (
            "guessing would reach 50%."
            if interval and interval[0] > 0.5
            else "that is not shown to beat guessing, 50%."
        )
    )


def shares_text(interval: list[float] | None) -> str:
    """An interval of shares as "71.2% to 76.8%"."""
    return "not known" if not interval else f"{share_text(interval[0], 1)} to {share_text(interval[1], 1)}"


def best_baseline(found: dict[str, Any], metric: str = "auc") -> str | None:
    """The baseline with the highest value of a metric."""
    known = {name: row[metric] for name, row in found["baselines"].items() if row[metric] is not None}
    return max(known, key=lambda name: known[name]) if known else None


def does_it_pay(found: dict[str, Any], metric: str, name: str) -> str:
    """Whether deep learning pays, by the interval of the difference from the best baseline in a metric of this name."""
    best = best_baseline(found, metric)
    difference = found["differences"].get(best, {}).get(metric)
    if best is None or difference is None:
        return "There is no baseline to compare it with, so whether deep learning pays is open."
    rival = baseline_name(best)
    gap, low, high = difference
    if low > 0:
        return (
            f"Deep learning pays here: its {name} is {decimal_text(gap)} above the best baseline, {rival} "
            f"(95% interval of the difference {interval_text([low, high])})."
        )
    if high < 0:
        return (
            f"Deep learning does not pay here: the best baseline, {rival}, has {_article(name)} {decimal_text(-gap)} "
            f"higher (95% interval {interval_text([-high, -low])}) and is simpler to run."
        )
    return (
        f"Whether deep learning pays is not shown: its {name} differs from the best baseline, {rival}, by "
        f"{signed_text(gap)}, and the 95% interval of the difference, {interval_text([low, high])}, includes zero."
    )


def _article(name: str) -> str:
    return f"an {name}" if name[0] in "AEIOU" else f"a {name}"


def _trust(data: ReportData) -> str:
    found = data.metrics["abandonment"]
    count, interval, ece = found["counts"]["examples"], found["test_intervals"].get("auc"), found["test"]["ece"]
    off = f"predicted risks are off by {points_text(ece)} on average"
    cautious = f"trust the order of carts and not the second digit; {off}"
    if data.leaks:
        names = join_words([f"“{leak['title']}”" for leak in data.leaks[:3]])
        return f"Do not trust these figures before you have looked at {names}: it may be known only after the outcome."
    if not interval or interval[1] - interval[0] > 0.1:
        return f"With only {count_text(count)} test decision points every figure is uncertain: take it as a first look."
    if interval[1] - interval[0] > 0.03:
        return f"With {count_text(count)} test decision points, {cautious}."
    start = f"With {count_text(count)} test decision points the figures are steady"
    if ece is None or ece > 0.03:
        return f"{start}; {cautious}."
    return f"{start}, and predicted risks can be read as frequencies: they are off by {points_text(ece)} on average."


def _where_to_look(data: ReportData) -> str:
    order, points = ranking(data), mean_points(data)
    specs = data.explanations.attributions.specs
    names = [f"“{specs[f].title}”" for f in order[:3] if points[f] > 0]
    if not names:
        return "The model uses none of the features, so there is nothing to act on."
    acted = [specs[f] for f in order[:10] if specs[f].actionable and points[f] > 0]
    hint = f"; of what a shop can change, {lower_first(acted[0].title)} counts most" if acted else ""
    return f"Look first at {join_words(names)}, which move the predicted risk most{hint}."


def cautions(data: ReportData) -> list[Caution]:
    """What puts a figure or a conclusion of this report in doubt."""
    found = data.metrics["abandonment"]
    result = [Caution("Few data", text) for text in found["warnings"]]
    result += [_leak(leak) for leak in data.leaks]
    ece = found["test"]["ece"]
    # With few carts the error is mostly noise, and the warnings above say so.
    if ece is not None and ece > 0.05 and not found["warnings"]:
        result.append(
            Caution(
                "Predicted risks are off",
                f"On average a predicted risk and the share really left differ by {points_text(ece)}."
                " Use the order of carts rather than the percentages.",
            )
        )
    error = data.explanations.attributions.error
    if error > 1e-5:
        result.append(
            Caution("Explanations are not exact", f"SHAP values and predictions differ by up to {error:.1g} log-odds.")
        )
    if data.ingest and data.ingest["bad"]:
        result.append(quarantine_caution(data.ingest))
    if told := disagreements(data):
        result.append(Caution("The two importances disagree", " ".join(told), "note"))
    return result


def _leak(leak: dict[str, Any]) -> Caution:
    return Caution(
        f"“{leak['title']}” may give the answer away",
        f"Alone it reaches an AUC of {decimal_text(leak['auc'])} on validation carts. Make sure that its value is "
        f"known at the decision point; if it is not, leave `{leak['feature']}` out and run again.",
    )


def quarantine_caution(ingest: dict[str, Any]) -> Caution:
    """That rows were set aside, and where the reasons are."""
    return Caution(
        "Rows were set aside",
        f"{count_text(ingest['bad'])} of {count_text(ingest['rows'])} rows ({share_text(ingest['bad_share'])}) break "
        "the event contract and are in quarantine; the reasons are under “The data”.",
        "note",
    )
