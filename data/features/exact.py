"""Whole numbers for what is summed.

Sums of whole numbers do not depend on the order in which an engine's threads add them, so a feature has the same bits
in every run, on every engine, and whether or not later events are in the log.
"""

import ibis

from data.features.scales import PRICE_SCALE, RATIO_SCALE


def price_units(price: ibis.Value) -> ibis.Value:
    """A price as a whole number of ten-thousandths.

    A float64, whose sums of whole numbers are exact up to 9e15: DuckDB adds them twice as fast as integers, which it
    widens to 128 bits.
    """
    return (price * PRICE_SCALE).round().cast("float64")


def ratio_units(numerator: ibis.Value, denominator: ibis.Value) -> ibis.Value:
    """A ratio as a whole number of billionths (int64), null where the denominator is 0."""
    ratio = numerator.cast("float64") / denominator.nullif(0).cast("float64")
    return (ratio * RATIO_SCALE).round().cast("int64")


def count_where(condition: ibis.Value) -> ibis.Value:
    """Rows that meet a condition; in a window, several times faster than a sum or a filtered count."""
    return ibis.ifelse(condition, 1, None).count()


def mean_of(total: ibis.Value, count: ibis.Value, scale: int = 1) -> ibis.Value:
    """`total` / `scale` / `count` as float32, null where the count is 0."""
    return (total.cast("float64") / count.nullif(0).cast("float64") / float(scale)).cast("float32")


def micros(later: ibis.Value, earlier: ibis.Value) -> ibis.Value:
    """Microseconds from `earlier` to `later` (int64)."""
    return later.delta(earlier, unit="microsecond").cast("int64")


def seconds(value: ibis.Value) -> ibis.Value:
    """Microseconds as seconds (float32)."""
    return (value.cast("float64") / 1e6).cast("float32")
