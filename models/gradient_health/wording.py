"""Findings in plain words."""

from collections.abc import Sequence

from models.gradient_health.diagnosis import KINDS, Finding

NAMED = 3  # layers that a sentence names


def sentences(findings: Sequence[Finding], advise: bool = True) -> list[str]:
    """One text for each kind of finding: where, since when, how bad, and where wanted what to try."""
    groups = ([one for one in findings if one.kind == kind] for kind in KINDS)
    return [_told(group) + (_advice(group[0]) if advise else "") for group in groups if group]


def _advice(finding: Finding) -> str:
    settings = " or ".join(f"`{setting}`" for setting in finding.remedies)
    return f" Try {settings}." if settings else ""


def _told(group: Sequence[Finding]) -> str:
    where, since = _layers(group), min(one.epoch for one in group) + 1
    worst = (min if group[0].kind == "vanishing" else max)(one.figure for one in group)
    return {
        "vanishing": f"The gradient vanishes in {where} from epoch {since} on: it is down to {worst:.1e} of the last "
        "layer's, so these layers hardly learn.",
        "exploding": f"The gradient explodes in {where} in epoch {since}: its norm reaches {worst:.2g} times what it "
        "usually was.",
        "dead": f"Units are dead in {where} from epoch {since} on: up to {worst:.0%} of them are the same for every "
        "example, so they neither tell nor learn anything.",
        "nan": f"The gradient is no finite number in {where} in epoch {since}; before that its norm reached "
        f"{worst:.2g}.",
    }[group[0].kind]


def _layers(group: Sequence[Finding]) -> str:
    names = [f"`{one.layer}`" for one in group]
    if len(names) > NAMED + 1:
        return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more layers"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
