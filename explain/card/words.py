"""What the model is for, and what it is not for, in plain words."""

from explain.card.gaps import gaps
from explain.report.data import ReportData, RunData
from explain.report.findings import cautions
from explain.report.parts import period
from explain.wording import count_text, join_words

MOST = 3  # flagged parts named in a sentence


def uses(data: RunData) -> list[str]:
    """What it is made for."""
    found = []
    if isinstance(data, ReportData):
        points = [int(point) for point in sorted(data.examples.keys["decision_point"].dropna().unique())]
        words = join_words([str(point) for point in points])
        moments = f", {words} events after the first cart event" if points else ""
        found += [
            f"Saying of an open cart how likely the session ends without a purchase{moments}.",
            "Ordering open carts, so that a team that can nudge only some begins with the likeliest to be lost.",
        ]
    if "test" in (data.metrics.get("recommender") or {}):
        found.append("Saying which items a session is likely to look at next, to show them.")
    return [*found, "Its users are the shop's own analysts and engineers; its predictions are about sessions."]


def refusals(data: RunData) -> list[str]:
    """When not to use it."""
    when = period(data.split)
    found = [
        "Not as proof of a cause. It learned what went together; whether a change to the shop keeps a cart takes a "
        "trial with carts that are left alone.",
        "Not for decisions about a person, such as a price of their own, credit, or refusing to serve: it judges "
        "sessions, it was not examined for that, and nobody can appeal to it.",
        f"Not for another shop, country or channel, and not for seasons it has not seen: it knows {when or 'its table'}"
        " alone. After a change of catalogue, prices or checkout, train it again.",
    ]
    if isinstance(data, ReportData):
        found += [
            "Not before something is in the cart, and not on features that are measured in another way than in "
            "training.",
            *_doubts(data),
        ]
    if "test" in (data.metrics.get("recommender") or {}):
        found.append("Not for items it has never seen; it cannot name them, and it knows no stock.")
    return found


def _doubts(data: ReportData) -> list[str]:
    lines = []
    for caution in cautions(data):
        if caution.level == "serious":
            lines.append(f"{caution.heading}: {caution.text}")
    flagged = [gap for gap in gaps(data.metrics["abandonment"]) if "worse" in gap.sentence or "too" in gap.sentence]
    if flagged:
        names = [f"“{gap.title}: {gap.part}”" for gap in flagged[:MOST]]
        more = f" and {count_text(len(flagged) - MOST)} more" if len(flagged) > MOST else ""
        lines.append(f"With care for {join_words(names)}{more}, where its quality is other than overall; see below.")
    return lines
