"""Everything that is said of one cart, in words: for the page and for the terminal."""

from collections.abc import Sequence
from dataclasses import dataclass

from data.examples import Examples
from explain.attributing.sentences import SLIGHT
from explain.cart.counterfactuals import MOST, Counterfactual
from explain.cart.explained import CartExplanation
from explain.cart.levers import Lever
from explain.cart.similar import SimilarCart
from explain.cart.timeline import Timeline
from explain.cart.timeline_chart import event_name
from explain.wording import join_words, lower_first, number_text, risk_text, signed_text, unique_titles, value_text

NO_TIMELINE = (
    "There is no timeline: it needs the network that reads sessions, which is trained where `multi_task.enabled` is "
    "true. Run again with: --set multi_task.enabled=true"
)

NOT_THE_SESSION = " Together they hardly matter here: this prediction comes from the other features."


@dataclass(frozen=True)
class Threshold:
    """From which predicted risk a cart counts as one to act on."""

    value: float
    """In (0, 1)."""

    meaning: str
    """Why this one, such as "from which a nudge pays"."""


@dataclass(frozen=True)
class Story:
    """One cart at one decision point."""

    cart: CartExplanation
    """Its prediction taken apart."""

    abandoned: bool
    """How it ended."""

    advice: str
    """What would change the prediction, or that nothing would."""

    similar: tuple[SimilarCart, ...]
    """Much the same carts that ended otherwise."""

    timeline: Timeline | None
    """The session event by event; None where the network that reads sessions was not trained."""


def threshold_of(value: float) -> Threshold:
    """The threshold that the train stage chose by what nudges cost and bring, where a cart can be on either side."""
    if 0.0 < value < 1.0:
        return Threshold(value, "from which a nudge pays")
    why = "no nudge pays" if value >= 1.0 else "every nudge pays"
    return Threshold(0.5, f"which stands in, since at the costs that are set {why}")


def advice(
    cart: Examples, probability: float, levers: Sequence[Lever], found: Counterfactual | None, threshold: Threshold
) -> str:
    """What would bring the prediction to the other side of the threshold, in a sentence or two."""
    bound = f"the threshold of {risk_text(threshold.value)}, {threshold.meaning}"
    side = "below" if probability >= threshold.value else "above"
    if not levers:
        return (
            "None can be looked for: no feature of these examples is marked as one that a shop can change. "
            "Name some in `explain.actionable`."
        )
    if found is None:
        names = [f"“{lever.spec.title}”" for lever in levers]
        fewer = f"up to {MOST} of " if len(names) > MOST else ""
        return f"None was found: no usual values of {fewer}{join_words(names)} bring the predicted risk {side} {bound}."
    titles = dict(zip([spec.name for spec in cart.specs], unique_titles(cart.specs), strict=True))
    specs = {spec.name: spec for spec in cart.specs}

    def change(name: str) -> str:
        now, then = cart.features[name].iloc[0], found.values[name]
        return f"{value_text(then, specs[name])} instead of {value_text(now, specs[name])}"

    own = join_words([f"“{titles[name]}” were {change(name)}" for name in found.levers])
    rest = [f"{lower_first(titles[name])} {change(name)}" for name in found.values if name not in found.levers]
    along = f" (and with it {join_words(rest)})" if rest else ""
    return (
        f"If {own}{along}, all else as it is, the model would say {_risk(found.probability, threshold)} instead of "
        f"{_risk(probability, threshold)}: {side} {bound}."
    )


def similar_sentence(similar: SimilarCart) -> str:
    """One similar cart and what differs."""
    who = f"Session {similar.session_id}" if similar.session_id else "A training cart"
    point = "" if similar.decision_point is None else f", decision point {similar.decision_point}"
    ended = "left" if similar.abandoned else "bought"
    gaps = [f"{lower_first(d.title)} {d.there} instead of {d.here}" for d in similar.differences]
    differs = f": {join_words(gaps)}" if gaps else ": the same values"
    return f"{who}{point}, was {ended} at a predicted risk of {risk_text(similar.probability)}{differs}"


def timeline_sentence(timeline: Timeline) -> str:
    """What the session's events come to, and how exactly they add up."""
    hardly = "" if sum(abs(event.log_odds) for event in timeline.events) >= SLIGHT else NOT_THE_SESSION
    places = sorted(range(len(timeline.events)), key=lambda place: -abs(timeline.events[place].log_odds))[:2]
    strongest = join_words([
        f"“{event_name(timeline, place)}” ({signed_text(timeline.events[place].log_odds)})" for place in places
    ])  # fmt: skip
    return (
        f"From {signed_text(timeline.base, 2)} log-odds with a typical event in the place of each to "
        f"{signed_text(timeline.log_odds, 2)} with the real ones; the strongest are {strongest}. "
        f"The events' shares add up to within {number_text(max(timeline.error, 1e-6))} of that.{hardly}"
    )


def _risk(probability: float, threshold: Threshold) -> str:
    """A risk in per cent, with as many decimals as it takes to tell it from the threshold."""
    bound = 100 * threshold.value
    for places in (0, 1, 2, 3):
        if round(100 * probability, places) != round(bound, places):
            break
    return risk_text(probability) if places == 0 else f"{100 * probability:.{places}f}%"
