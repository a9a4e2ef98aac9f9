"""Tables of the model as a whole."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from explain.attributing.explanations import Attributions, sigmoid
from explain.tables import Cell, Grid, difference_cell
from explain.whole.interactions import Interactions, Surface
from explain.whole.parts import Part, Parts
from explain.whole.related import MOVED, Related
from explain.whole.shapes import Band, Shape
from explain.whole.stand_ins import Fidelity, StandIns, Term
from explain.wording import DASH, count_text, decimal_text, interval_text, join_words, share_text, value_text

FAMILIES = {
    "cart": "The cart",
    "price": "Prices",
    "time": "Time",
    "visitor": "The visitor",
    "item": "The items",
    "session": "The session so far",
    "table": "The table",
}
"""Families of features for a reader."""

JOINT, ALONE = "tabular_and_session", "session_multi_task"
Row = tuple[str | Cell, ...]
Titles = Mapping[str, str]


def shapes_table(shapes: Sequence[Shape], titles: Titles) -> Grid:
    """Every point of the curves."""
    rows: list[Row] = []
    for shape in shapes:
        title = titles[shape.feature.name]
        for i, value in enumerate(shape.values):
            text = value_text(value, shape.feature)
            share = share_text(shape.shares[i])
            rows.append((title, text, share, _risk(shape.dependence, i), _risk(shape.local, i)))
        if shape.unknown is not None:
            rows.append((title, "unknown", share_text(shape.unknown_share), share_text(shape.unknown, 1), DASH))
    head = ("Feature", "Value", "Carts (of a number: up to it)", "Risk if all carts had it", "By local effects")
    return Grid("Predicted risk by value", head, tuple(rows), frozenset({1}))


def _risk(band: Band, i: int) -> Cell:
    return Cell(share_text(band.mean[i], 1), f"{share_text(band.low[i], 1)} to {share_text(band.high[i], 1)}")


def interactions_table(found: Interactions, titles: Titles, most: int = 10) -> Grid:
    """The strongest pairs."""
    rows: list[Row] = [
        (
            f"{titles[pair.first.name]} and {titles[pair.second.name]}",
            decimal_text(pair.h, 2),
            decimal_text(pair.strength, 3),
            "yes" if pair.h >= found.floor else "hardly",
        )
        for pair in found.pairs[:most]
    ]
    head = ("Pair", "Friedman's H", "Log-odds added by the pair", "Work together")
    return Grid("The strongest pairs", head, tuple(rows), frozenset({3}))


def related_table(found: Related, alone: Mapping[str, float], titles: Titles) -> Grid:
    """Groups of two features or more."""
    rows: list[Row] = []
    for group in sorted(found.groups, key=lambda one: -one.mean):
        if len(group.members) > 1:
            losses = [alone[name] for name in group.members]
            together = Cell(decimal_text(group.mean), interval_text((group.low, group.high)))
            names = join_words([titles[name] for name in group.members])
            rows.append((names, together, decimal_text(sum(losses)), decimal_text(max(losses))))
    head = ("Features", "AUC lost together", "Sum of each alone", "Largest alone")
    return Grid("Features that go together, shuffled as one", head, tuple(rows))


def shift_table(found: Related, titles: Titles) -> Grid:
    """How far every feature has moved since training, the farthest first."""
    rows: list[Row] = [
        (titles[name], decimal_text(index, 2), "large" if index >= MOVED else "small")
        for name, index in sorted(found.shift.items(), key=lambda item: -item[1])
    ]
    head = ("Feature", "Population stability index", "Shift")
    return Grid("Test carts against training carts", head, tuple(rows), frozenset({2}))


def fidelity_table(found: StandIns) -> Grid:
    """How far the stand-ins follow the network."""
    rows = [
        _fidelity("Logistic regression", found.regression.fidelity, found.min_fidelity),
        _fidelity("Decision tree", found.tree.fidelity, found.min_fidelity),
    ]
    edge = share_text(found.threshold, 0)
    head = (
        "Stand-in",
        "R² in log-odds",
        f"Same side of {edge}",
        "One answer for all would reach",
        "Points off on average",
        "To be leant on",
    )
    return Grid("How closely simple models follow the network", head, tuple(rows), frozenset({5}))


def _fidelity(name: str, found: Fidelity, least: float) -> Row:
    return (
        name,
        Cell(decimal_text(found.r2[0], 2), interval_text(found.r2[1:], 2)),
        share_text(found.agreement, 1),
        share_text(found.constant, 1),
        f"{100 * found.points:.1f}",
        "yes" if found.r2[0] >= least else "no",
    )


def terms_table(names: Sequence[str], terms: Sequence[Term]) -> Grid:
    """Every coefficient of the regression, also as what it multiplies the odds by."""
    rows: list[Row] = [
        (name, decimal_text(term.spread), decimal_text(term.coefficient), f"× {np.exp(term.coefficient):.2f}")
        for name, term in zip(names, terms, strict=True)
    ]
    head = ("Term", "Moves carts by (log-odds)", "For a deviation or category (log-odds)", "That is, odds")
    return Grid("The logistic regression in full", head, tuple(rows))


def parts_table(found: Parts, attributions: Attributions, titles: Titles, multi_task: Mapping[str, Any] | None) -> Grid:
    """What each group of features brings, and each part of the network with the session where there is one."""
    rows: list[Row] = [
        (
            Cell(part_name(part, titles), f"{len(part.features)} features" if len(part.features) > 1 else ""),
            difference_cell(part.auc_lost),
            difference_cell(part.log_loss_gained),
            f"{100 * _points(attributions, part):.1f}",
        )
        for part in found.parts
    ]
    head = ("Part", "AUC it brings", "Log loss it saves", "Mean points moved")
    return Grid("What each part brings", head, (*rows, *_networks(multi_task)), frozenset())


def part_name(part: Part, titles: Titles) -> str:
    """The family's name for a reader, or the titles of features that go together."""
    return FAMILIES.get(part.name) or join_words([titles[name] for name in part.features])


def _points(found: Attributions, part: Part) -> float:
    """Mean points of predicted risk by which the summed SHAP values of a part move a typical cart."""
    inside = np.array([spec.name in part.features for spec in found.specs])
    base = np.array(found.base)
    moved = sigmoid(base + found.values[:, inside].sum(axis=1)) - sigmoid(base)
    return float(np.abs(moved).mean()) if len(moved) else 0.0


def _networks(found: Mapping[str, Any] | None) -> list[Row]:
    """The two parts of the network with the session, each by what the joint network has over the other alone."""
    if not found or "skipped" in found:
        return []
    joint, alone = found["test"][JOINT], found["test"][ALONE]
    gain, loss = (found["differences"][JOINT][metric] for metric in ("auc", "log_loss"))
    saved = [-loss[0], -loss[2], -loss[1]] if loss else None
    over = None if joint["auc"] is None or alone["auc"] is None else joint["auc"] - alone["auc"]
    return [
        (
            Cell("The session's events, in order", "a network with them less the tabular model"),
            difference_cell(gain),
            difference_cell(saved),
            DASH,
        ),
        (
            Cell("The tabular features beside the session", "the same network less the session alone"),
            decimal_text(over),
            decimal_text(alone["log_loss"] - joint["log_loss"]),
            DASH,
        ),
    ]


def surface_table(surface: Surface, titles: Titles) -> Grid:
    """The field of risks, one value of the first feature a row, each risk with its carts below it."""
    rows: list[Row] = [
        (
            value_text(value, surface.first),
            *(
                Cell(share_text(risk, 0), count_text(carts))
                for risk, carts in zip(surface.risk[i], surface.carts[i], strict=True)
            ),
        )
        for i, value in enumerate(surface.first_values)
    ]
    names = f"{titles[surface.first.name]} (down) and {titles[surface.second.name]} (across)"
    head = (titles[surface.first.name], *(value_text(value, surface.second) for value in surface.second_values))
    return Grid(f"Predicted risk and number of carts by {names}", head, tuple(rows))
