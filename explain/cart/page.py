"""The page about one session's carts."""

from collections.abc import Sequence
from typing import Any

from explain.cart.explained import cart_figure
from explain.cart.story import NO_TIMELINE, Story, similar_sentence, timeline_sentence
from explain.cart.timeline import Timeline
from explain.cart.timeline_chart import event_name, timeline_figure
from explain.page import render
from explain.tables import Cell, Grid
from explain.wording import risk_text, share_text, signed_text


def cart_page(stories: Sequence[Story], source: str = "") -> str:
    """A self-contained HTML page about one session's carts, in the order given."""
    return render("cart.html.j2", carts=[_part(story) for story in stories], no_timeline=NO_TIMELINE, source=source)


def _part(story: Story) -> dict[str, Any]:
    return {
        "cart": story.cart,
        "figure": cart_figure(story.cart),
        "ended": "left" if story.abandoned else "bought",
        "otherwise": "bought" if story.abandoned else "left",
        "advice": story.advice,
        "similar": [similar_sentence(one) for one in story.similar],
        "timeline": _timeline(story.timeline) if story.timeline else None,
    }


def _timeline(timeline: Timeline) -> dict[str, Any]:
    total = sum(abs(event.log_odds) for event in timeline.events) or 1.0
    rows: list[tuple[str | Cell, ...]] = [
        (event_name(timeline, place), signed_text(event.log_odds), share_text(abs(event.log_odds) / total))
        for place, event in enumerate(timeline.events)
    ]
    return {
        "figure": timeline_figure(timeline),
        "text": timeline_sentence(timeline),
        "probability": risk_text(timeline.probability),
        "table": Grid("Every event", ("Event", "Log-odds", "Share of all"), tuple(rows)),
    }
