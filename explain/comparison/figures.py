"""Which charts a comparison has, and what each says to readers who cannot see it."""

from collections.abc import Sequence

from explain.charts import row_charts
from explain.charts.svg import WIDE, Figure
from explain.comparison import charts
from explain.comparison.phrases import judged_on, many, seconds_text
from explain.comparison.rows import Comparison, Row, is_behind, number, numbers
from explain.comparison.spans import Seeds, Span, band, span_of
from explain.wording import count_text, decimal_text, interval_text, join_words, metric_name

BEST = 4
"""Lines of the large charts, besides the configured one; the others get a chart of their own."""


def quality(found: Comparison) -> list[Figure]:
    """How good each alternative is, and how far behind the best; empty where nothing was judged."""
    if found.best is None:
        return []
    metric, labels = metric_name(found.result["judged"]), [row["label"] for row in found.done]
    mean, *interval = found.best["quality"]
    faint = frozenset(i for i, row in enumerate(found.done) if i and is_behind(row))
    first = row_charts.intervals(
        labels,
        *_columns([row["quality"] for row in found.done]),
        f"{metric} of each alternative",
        f"With 95% intervals, on {judged_on(found)} that no choice has seen, the best on top: {found.best['label']} "
        f"with {decimal_text(mean)} ({interval_text(interval)}). Dotted: the best; grey: shown to be behind.",
        metric,
        reference=mean,
        wide=WIDE,
        faint=faint,
    )
    compared = [row for row in found.done[1:] if numbers(row["behind"])]
    if not compared:
        return [first]
    second = row_charts.intervals(
        [row["label"] for row in compared],
        *_columns([row["behind"] for row in compared]),
        "How far behind the best",
        f"{metric} of {found.best['label']} less that of each other on the same {judged_on(found)}, with 95% "
        f"intervals. An interval that reaches the dotted line shows no difference: {_names(found.level)}.",
        f"{metric} behind {found.best['label']}",
        wide=WIDE,
        faint=frozenset(i for i, row in enumerate(compared) if is_behind(row)),
    )
    return [first, second]


def training(found: Comparison) -> list[Figure]:
    """Training loss and the monitored metric by epoch, of the best and the configured alternatives."""
    shown, configured = _shown(found), found.configured["label"] if found.configured else None
    thick = f" The thick line is what is configured, {configured}." if configured else ""
    result = []
    for name in ("loss", str(found.result["monitor"])):
        series = {row["label"]: row["curves"][name] for row in shown if name in row["curves"]}
        domain = span_of(list(series.values()), near=list(series.values())[:BEST])
        if domain is not None:
            title = "Training loss" if name == "loss" else metric_name(name)
            told = f"Mean over seeds, with a band from the lowest to the highest: {join_words(list(series))}.{thick}"
            result.append(charts.curves(series, configured, title, told, metric_name(name), domain))
    return result


def others(found: Comparison) -> list[Figure]:
    """The monitored metric by epoch of every alternative that the large charts leave out."""
    monitor, shown = str(found.result["monitor"]), _shown(found)
    curves = {row["label"]: row["curves"].get(monitor, []) for row in found.done}
    known = [curves[row["label"]] for row in shown]
    domain, name = span_of(list(curves.values()), near=known), metric_name(monitor)
    rest = [row["label"] for row in found.done if row not in shown]
    if domain is None:
        return []
    return [
        charts.small_curve(curves[label], known[0], label, _end(curves[label], domain), name, domain) for label in rest
    ]


def time(found: Comparison) -> list[Figure]:
    """Seconds and steps to the target; empty where no alternative reaches it."""
    reached = [row for row in found.done if number(row["seconds_to_target"]) is not None]
    missed = [row for row in found.done if number(row["seconds_to_target"]) is None]
    if not reached:
        return []
    late = f" Not reached under every seed: {_names(missed)}." if missed else ""
    result = []
    for key, title, text in (
        ("seconds_to_target", "Seconds to the target", seconds_text),
        ("steps_to_target", "Steps to the target", count_text),
    ):
        rows = sorted(reached, key=lambda row: float(row[key]))
        values = [float(row[key]) for row in rows]
        first = f"Mean over seeds, the soonest on top: {rows[0]['label']} with {text(values[0])}."
        result.append(
            row_charts.bars(
                [row["label"] for row in (*rows, *missed)],
                [*values, *(0.0 for _ in missed)],
                [*map(text, values), *("not reached" for _ in missed)],
                title,
                first + late,
            )
        )
    return result


def _shown(found: Comparison) -> list[Row]:
    extra = [found.configured] if found.configured and found.configured not in found.done[:BEST] else []
    return [*found.done[:BEST], *extra]


def _end(seeds: Seeds, domain: Span) -> str:
    points = band(seeds)
    if not points:
        return "Its values are not numbers."
    value, off = points[-1]["mean"], "" if domain[0] <= points[-1]["mean"] <= domain[1] else ", off the chart,"
    return f"Ends at {decimal_text(value)}{off} after {many(int(points[-1]['x']), 'epoch')}; dotted: the best."


def _columns(triples: Sequence[Sequence[float]]) -> tuple[list[float], list[float], list[float]]:
    means, lows, highs = zip(*triples, strict=True)
    return list(means), list(lows), list(highs)


def _names(rows: Sequence[Row]) -> str:
    return join_words([str(row["label"]) for row in rows]) or "none"
