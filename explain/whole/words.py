"""The model as a whole in words."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from data.feature import Feature
from explain.attributing.sentences import COUNTED, CYCLIC
from explain.whole.interactions import Interactions, Surface
from explain.whole.shapes import Shape
from explain.whole.stand_ins import Fidelity, Node, Term
from explain.wording import decimal_text, share_text, value_text

CLEAR = 0.9  # share of carts whose risk goes the same way, from which it is said of carts in general
PARTED = 0.02, 0.2  # points, and share of the curve's span, from which the two curves are said to part

Titles = Mapping[str, str]


def shape_text(shape: Shape) -> str:
    """Where the curve is low and high, whether carts agree, and whether the two curves do."""
    mean = shape.dependence.mean
    low, high = int(np.argmin(mean)), int(np.argmax(mean))
    told = (
        f"Mean predicted risk goes from {share_text(mean[low], 0)} at {value_text(shape.values[low], shape.feature)} "
        f"to {share_text(mean[high], 0)} at {value_text(shape.values[high], shape.feature)}."
    )
    return told + _agreement(shape) + _parting(shape)


def _agreement(shape: Shape) -> str:
    if shape.rising is None or shape.feature.unit in CYCLIC:
        return ""
    if shape.rising >= CLEAR:
        return f" Between the ends it rises in {share_text(shape.rising, 0)} of carts."
    if shape.rising <= 1 - CLEAR:
        return f" Between the ends it falls in {share_text(1 - shape.rising, 0)} of carts."
    return f" Carts differ: between the ends it rises in {share_text(shape.rising, 0)} of them and falls in the others."


def _parting(shape: Shape) -> str:
    if shape.parting < max(PARTED[0], PARTED[1] * shape.span):
        return ""
    return (
        f" The two curves part by up to {100 * shape.parting:.0f} points, as they do where other features go "
        "with this one: trust the local effects."
    )


def interactions_text(found: Interactions, titles: Titles) -> str:
    """Whether the strongest features work together."""
    if not found.pairs:
        return "There are too few features to ask which work together."
    floor, highest = decimal_text(found.floor, 2), max(found.pairs, key=lambda pair: pair.h)
    if highest.h < found.floor:
        return (
            f"The model is close to additive in its strongest features: no pair reaches H {floor}. What one of them "
            "does to a cart's log-odds hardly depends on the others, so each shape above can be read by itself."
        )
    count = sum(pair.h >= found.floor for pair in found.pairs)
    first = next(pair for pair in found.pairs if pair.h >= found.floor)
    verb = "pair reaches" if count == 1 else "pairs reach"
    return (
        f"{count} of {len(found.pairs)} {verb} H {floor}. Most is added by “{titles[first.first.name]}” and "
        f"“{titles[first.second.name]}” (H {decimal_text(first.h, 2)}): what one of them does to the risk "
        "depends on the other."
    )


def surface_text(surface: Surface, titles: Titles) -> str:
    """Where the surface is low and high."""
    risk = np.array(surface.risk)
    ends = []
    for place in (np.unravel_index(risk.argmin(), risk.shape), np.unravel_index(risk.argmax(), risk.shape)):
        first = value_text(surface.first_values[place[0]], surface.first)
        second = value_text(surface.second_values[place[1]], surface.second)
        ends.append(f"{share_text(float(risk[place]), 0)} at {first} and {second}")
    pair = f"“{titles[surface.first.name]}” and “{titles[surface.second.name]}”"
    return (
        f"{pair}: mean predicted risk if every cart had both values, from {ends[0]} to {ends[1]}. The deeper the "
        "colour the higher; fields without a number hold no cart."
    )


def stand_in_text(name: str, found: Fidelity, least: float) -> str:
    """Whether a stand-in may be leant on."""
    r2 = decimal_text(found.r2[0], 2)
    if found.r2[0] >= least:
        return f"The {name} follows the network closely enough (R² {r2}; at least {decimal_text(least, 2)} is asked)."
    return (
        f"The {name} does not follow the network closely enough (R² {r2}; at least {decimal_text(least, 2)} is asked), "
        "so this report does not show it: it would explain another model."
    )


def term_text(term: Term, titles: Titles) -> str:
    """What a coefficient belongs to."""
    title = titles[term.feature]
    if term.gap or term.level == "":
        return f"{title}: unknown"
    return title if term.level is None else f"{title}: {'any other' if term.level == 'other' else f'“{term.level}”'}"


def branch(node: Node, specs: Mapping[str, Feature], titles: Titles, text: str = "All carts") -> dict[str, Any]:
    """The tree as nested texts: {"text", "risk", "share", "children"}."""
    children = []
    if node.feature and node.yes and node.no:
        ways = _ways(node, specs[node.feature], titles[node.feature])
        children = [branch(child, specs, titles, way) for child, way in zip((node.yes, node.no), ways, strict=True)]
    return {"text": text, "risk": node.risk, "share": node.share, "children": children}


def _ways(node: Node, spec: Feature, title: str) -> tuple[str, str]:
    if node.threshold is None:
        level = f"“{node.level}”" if node.level else "unknown"
        return f"{title} is {level}", f"{title} is not {level}"
    whole = spec.unit in (*COUNTED, *CYCLIC)
    edge = value_text(float(np.floor(node.threshold)), spec) if whole else value_text(node.threshold, spec)
    yes, no = f"{title} at most {edge}", f"{title} above {edge}"
    if node.unknown is None:
        return yes, no
    return (f"{yes}, or unknown", no) if node.unknown else (yes, f"{no}, or unknown")
