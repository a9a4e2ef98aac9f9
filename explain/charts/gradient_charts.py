"""What the gradients of a training did, epoch by epoch and layer by layer: charts and a table."""

import math
from collections.abc import Mapping, Sequence

import altair as alt

from explain.charts.line_charts import COLOURS, DASHES, styles
from explain.charts.svg import HALF, MUTED, Figure, data, figure
from explain.tables import Grid
from explain.wording import DASH, share_text

MOST = 12  # lines of a chart
GUIDE = 1e-3  # update ratio that training well has about, by a common rule of thumb

History = Mapping[str, Sequence[float]]


def gradient_part(history: History) -> list[Figure]:
    """Charts of the gradient norm, the update ratio and the dead units by epoch, one line a layer.

    Batch normalization has no line: its few weights say nothing that the layers between do not. Of more than twelve
    layers twelve are drawn, from the first to the last.

    Args:
        history: per epoch what `models.gradient_health.GradientWatch.metrics` told; other metrics may be among it.

    Returns:
        Nothing where the gradients were not watched, and no chart of dead units where no unit can die.
    """
    found = []
    if norms := _series(history, "gradient_norm"):
        found.append(
            _lines(norms, "Gradient norm by layer", _about_norms(norms), "Mean gradient norm", guide=None, log=True)
        )
    if ratios := _series(history, "update_ratio"):
        text = "How far a step moves a layer's weights, as a share of their size, by epoch. About 0.001 is usual; far "
        text += "below that a layer hardly learns, far above it jumps about."
        found.append(_lines(ratios, "Update ratio by layer", text, "Mean update ratio", guide=GUIDE, log=True))
    if dead := _series(history, "dead"):
        worst = max(dead, key=lambda layer: dead[layer][-1])
        share = dead[worst][-1]
        text = "Share of a layer's units that are the same for every example, by epoch. "
        text += f"At the end it is highest in {worst}: {share_text(share)}." if share else "At the end there are none."
        found.append(_lines(dead, "Dead units by layer", text, "Dead units", guide=None, log=False))
    return found


def gradient_table(history: History) -> Grid | None:
    """Every layer, those of batch normalization too, after the first and the last epoch; None where unwatched."""
    norms, peaks = _all(history, "gradient_norm"), _all(history, "gradient_peak")
    ratios, dead = _all(history, "update_ratio"), _all(history, "dead")
    if not norms:
        return None
    rows = tuple(
        (
            layer,
            _power_text(values[0]),
            _power_text(values[-1]),
            _power_text(max(peaks[layer])),
            _power_text(ratios[layer][-1]),
            share_text(dead[layer][-1]) if layer in dead else DASH,
        )
        for layer, values in norms.items()
    )
    head = ("Layer", "Norm, first epoch", "Norm, last epoch", "Largest norm", "Update ratio, last epoch", "Dead units")
    return Grid("Gradients by layer, from the first to the last", head, rows)


def _all(history: History, name: str) -> dict[str, Sequence[float]]:
    return {
        key.removeprefix(f"{name}/"): values for key, values in history.items() if key.startswith(f"{name}/") and values
    }


def _series(history: History, name: str) -> dict[str, Sequence[float]]:
    """Of each layer that is drawn its metric by epoch."""
    found = {layer: line for layer, line in _all(history, name).items() if not layer.startswith("batch_normalization")}
    layers = list(found)
    if len(layers) > MOST:
        layers = [layers[round(i * (len(layers) - 1) / (MOST - 1))] for i in range(MOST)]
    return {layer: found[layer] for layer in layers}


def _about_norms(norms: Mapping[str, Sequence[float]]) -> str:
    first, last = next(iter(norms)), list(norms)[-1]
    return (
        f"Mean norm of the gradient by epoch, on a logarithmic scale. In the last epoch it is "
        f"{_power_text(norms[first][-1])} in {first}, the first layer, and {_power_text(norms[last][-1])} in {last}, "
        "the last."
    )


def _lines(
    series: Mapping[str, Sequence[float]], title: str, description: str, y_title: str, guide: float | None, log: bool
) -> Figure:
    rows = [
        {"name": name, "x": epoch + 1, "y": value}
        for name, values in series.items()
        for epoch, value in enumerate(values)
        if math.isfinite(value) and (value > 0 or not log)
    ]
    scale = alt.Scale(type="log") if log else alt.Scale(domain=[0, 1])
    dashes = [DASHES[i // len(COLOURS) % len(DASHES)] for i in range(len(series))]  # where the colours are used up
    ticks = alt.Axis(format="~g" if log else ".0%", tickCount=5)

    def draw(narrow: bool) -> alt.LayerChart:
        lines = (
            alt.Chart(data(rows), height=240)
            .mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=18))
            .encode(
                x=alt.X("x:Q", title="Epoch", axis=alt.Axis(format="d", tickMinStep=1), scale=alt.Scale(nice=False)),
                y=alt.Y("y:Q", title=y_title, scale=scale, axis=ticks),
                **styles(list(series), dashes, 2 if narrow else 4),
            )
        )
        if guide is None:
            return alt.layer(lines)
        rule = alt.Chart(data([{"y": guide}])).mark_rule(color=MUTED, strokeDash=[3, 3])
        return rule.encode(y=alt.Y("y:Q", scale=scale, axis=ticks, title=y_title)) + lines

    return figure(draw, title, description, HALF)


def _power_text(value: float) -> str:
    return f"{value:.2g}" if math.isfinite(value) else DASH
