"""Stories of carts and a group, whose every name tries to run a script."""

from dataclasses import replace
from functools import cache

import numpy as np

from data.examples import Examples
from explain.cart.stories import tell_stories
from explain.cart.story import Story, Threshold
from explain.cart.timeline import Timeline, TimelineEvent
from explain.group.contrast import explain_group
from explain.group.results import Group
from tests.explain.results import CONFIG, EVIL, shop

THRESHOLD = Threshold(0.5, "from which a nudge pays")
TIMELINE = Timeline(
    events=(
        TimelineEvent("view", EVIL[0], None, 0.2),
        TimelineEvent("cart", EVIL[1], 40.0, -0.5),
        TimelineEvent("view", "‮txt.i17", 7.0, 0.1),
    ),
    log_odds=0.3, base=0.5001, error=0.0001, left_out=2,
)  # fmt: skip


@cache
def stories() -> tuple[Story, ...]:
    """Two carts, the second without a timeline."""
    sides, model = shop()
    train, test = marked(sides.train), marked(sides.test).take(np.array([4, 5]))
    first, second = tell_stories(model, train, test, THRESHOLD, CONFIG, 0)
    return replace(first, timeline=TIMELINE), second


@cache
def group() -> Group:
    """The carts of phones, which have an evil name."""
    sides, model = shop()
    condition = f"device = '{EVIL[0]}' and seconds_since_last_cart > 10"
    return explain_group(model, sides.train, sides.test, condition, CONFIG, 0)


def marked(examples: Examples) -> Examples:
    """The same examples, with things that a shop can change."""
    changed = ("cart_value", "device", "n_views")
    specs = tuple(replace(spec, actionable=spec.name in changed) for spec in examples.specs)
    return Examples(examples.keys, examples.features, examples.abandoned, specs)
