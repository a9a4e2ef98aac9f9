"""A session as a row of bars, one an event."""

import altair as alt

from explain.cart.timeline import Timeline
from explain.charts.row_charts import row_step, rows_axis, with_names
from explain.charts.svg import INK, MODEL, MUTED, OTHER, Figure, data, figure
from explain.wording import duration_text, signed_text


def event_name(timeline: Timeline, place: int) -> str:
    """An event for a reader: "3. view i17, 40 s later"."""
    event = timeline.events[place]
    later = "" if event.gap is None else f", {duration_text(event.gap)} later"
    return f"{timeline.left_out + place + 1}. {event.kind} {event.item}{later}"


def timeline_figure(timeline: Timeline) -> Figure:
    """The events from the first to the last, each with what it adds to the log-odds."""
    names = [event_name(timeline, place) for place in range(len(timeline.events))]
    shares = [event.log_odds for event in timeline.events]
    rows = data([
        {"name": name, "share": share, "kind": "raises" if share > 0 else "lowers",
         "text": signed_text(share), "end": max(share, 0.0)}
        for name, share in zip(names, shares, strict=True)
    ])  # fmt: skip
    low, high = min([*shares, 0.0]), max([*shares, 0.0])
    span = (high - low) or 1.0

    def draw(narrow: bool) -> alt.LayerChart:
        base = alt.Chart(rows, height=row_step(narrow)).encode(y=rows_axis(names, narrow))
        scale = alt.Scale(domain=[low - 0.02 * span, high + (0.3 if narrow else 0.15) * span], nice=False)
        colour = alt.Color("kind:N", legend=None, scale=alt.Scale(domain=["raises", "lowers"], range=[OTHER, MODEL]))
        x = alt.X("share:Q", title="Log-odds added", scale=scale, axis=alt.Axis(tickCount=4))
        bars = base.mark_bar(height=13).encode(x=x, color=colour)
        beside = base.mark_text(align="left", dx=5, color=INK).encode(x="end:Q", text="text:N")
        zero = alt.Chart(data([{"x": 0}])).mark_rule(color=MUTED).encode(x="x:Q")
        return with_names([zero, bars, beside], names, narrow)

    description = "Oldest on top. Each bar is what the event adds, counted from a typical event in its place."
    return figure(draw, "What each event adds", description)
