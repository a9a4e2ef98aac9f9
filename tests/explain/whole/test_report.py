"""What the report says of the model as a whole."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from data.feature import Feature
from explain.page import render
from explain.report.data import ReportData
from explain.report.disagreements import disagreements
from explain.whole.charts import level_names
from explain.whole.interactions import Surface
from explain.whole.related import Group
from explain.whole.report import whole_part
from explain.whole.stand_ins import Node, Term
from explain.whole.tables import parts_table
from explain.whole.words import branch, interactions_text, shape_text, term_text
from tests.explain.pages import Page
from tests.explain.results import EVIL, report_data, whole

A, B = Feature("a", "First", "cart", unit="events"), Feature("b", "Second", "cart", kind="categorical")
TITLES = {"a": "First", "b": "Second"}


def text_of(data: ReportData) -> str:
    return " ".join(Page(render("whole.html.j2", **whole_part(data))).text.split())


def changed(**parts: Any) -> ReportData:
    return report_data(whole=replace(whole(), **parts))


def test_every_result_has_its_place(page: str) -> None:
    parsed = Page(page)
    for head in (
        "How the risk goes with the strongest features", "Which features work together", "Features that go together",
        "Simple models in the network's place", "What each part brings", "The logistic regression in full",
    ):  # fmt: skip
        assert head in parsed.text
    assert any(attributes.get("id") == "whole" for attributes in parsed.all("section"))


def test_a_stand_in_that_does_not_follow_is_refused() -> None:
    found = whole().stand_ins
    text = text_of(changed(stand_ins=replace(found, min_fidelity=1.0)))
    assert "does not follow the network closely enough" in text
    assert "The logistic regression in full" not in text
    shown = replace(found, tree=replace(found.tree, fidelity=replace(found.tree.fidelity, r2=(0.9, 0.8, 0.95))))
    assert "All carts" in text_of(changed(stand_ins=shown))
    assert "All carts" not in text


def test_features_that_go_together_and_a_field_are_drawn_with_their_tables() -> None:
    names = tuple(spec.name for spec in report_data().examples.specs)
    groups = (Group(names[:2], 0.2, 0.1, 0.3), *(Group((name,), 0.0, 0.0, 0.0) for name in names[2:]))
    pair = whole().interactions.pairs[0]
    surface = Surface(pair.first, pair.second, (1.0, 2.0), (EVIL[0], None), ((0.1, 0.2), (0.3, 0.4)), ((1, 0), (5, 7)))
    data = changed(
        related=replace(whole().related, groups=groups), interactions=replace(whole().interactions, surface=surface)
    )
    text = text_of(data)
    assert "Features that go together, shuffled as one" in text
    assert "Predicted risk and number of carts by" in text
    assert "No two features have a rank correlation" in text_of(report_data())


def test_the_words_on_interactions_follow_the_floor() -> None:
    pair = replace(whole().interactions.pairs[0], first=A, second=B, h=0.3, strength=0.2)
    found = replace(whole().interactions, pairs=(pair,), floor=0.4)
    assert "close to additive" in interactions_text(found, TITLES)
    assert "1 of 1 pair reaches H 0.20" in interactions_text(replace(found, floor=0.2), TITLES)


def test_the_words_on_a_shape_tell_ends_agreement_and_parting() -> None:
    shape = replace(
        whole().shapes[0], feature=A, values=(1.0, 2.0), shares=(0.5, 0.5), rising=0.95,
        dependence=replace(whole().shapes[0].dependence, mean=(0.2, 0.6)),
        local=replace(whole().shapes[0].local, mean=(0.2, 0.6)),
    )  # fmt: skip
    assert "from 20% at 1 to 60% at 2. Between the ends it rises in 95% of carts." in shape_text(shape)
    assert "part by" not in shape_text(shape)
    assert "Carts differ" in shape_text(replace(shape, rising=0.5))
    parted = replace(shape, local=replace(shape.local, mean=(0.4, 0.4)))
    assert "part by up to 20 points" in shape_text(parted)


def test_the_words_of_the_tree_name_both_ways() -> None:
    leaf = Node(0.2, 0.5)
    told = branch(Node(0.5, 1.0, "a", 2.5, unknown=True, yes=leaf, no=leaf), {"a": A}, TITLES)
    assert [child["text"] for child in told["children"]] == ["First at most 2, or unknown", "First above 2"]
    told = branch(Node(0.5, 1.0, "b", level="x", yes=leaf, no=leaf), {"b": B}, TITLES)
    assert [child["text"] for child in told["children"]] == ["Second is “x”", "Second is not “x”"]


def test_terms_are_told_apart() -> None:
    kinds: tuple[tuple[str, str | None, bool], ...] = (
        ("a", None, False),
        ("a", None, True),
        ("b", "", False),
        ("b", "other", False),
        ("b", "x", False),
    )
    assert [term_text(Term(name, level, gap, 1.0, 1.0), TITLES) for name, level, gap in kinds] == [
        "First", "First: unknown", "Second: unknown", "Second: any other", "Second: “x”",
    ]  # fmt: skip


def test_long_names_that_start_alike_stay_apart() -> None:
    long = "x" * 40
    assert len(set(level_names((f"{long}1", f"{long}2"), B))) == 2


def test_the_table_of_parts_takes_the_networks_with_the_session() -> None:
    row = {"auc": 0.8, "log_loss": 0.4}
    found = {
        "test": {"tabular_and_session": row, "session_multi_task": {"auc": 0.7, "log_loss": 0.5}},
        "differences": {"tabular_and_session": {"auc": [0.01, 0.005, 0.015], "log_loss": [-0.02, -0.03, -0.01]}},
    }
    titles = {spec.name: spec.title for spec in report_data().examples.specs}
    attributions = report_data().explanations.attributions
    session, tabular = parts_table(whole().parts, attributions, titles, found).rows[-2:]
    assert [getattr(cell, "text", cell) for cell in session[1:3]] == ["+0.010", "+0.020"]
    assert getattr(session[2], "below", "") == "0.010 to 0.030"
    assert tabular[1:3] == ("0.100", "0.100")
    without = parts_table(whole().parts, attributions, titles, None).rows
    assert len(without) == len(whole().parts.parts)


@pytest.mark.parametrize(
    ("together", "shift", "reason"),
    [
        ((0.2, 0.1, 0.3), 0.0, "shuffled as one they cost 0.200 AUC"),
        ((0.0, -0.1, 0.1), 0.0, "nor does shuffling it together with"),
        (None, 0.5, "population stability index 0.50"),
        (None, 0.0, "too few test carts to see it"),
    ],
)
def test_a_feature_that_shuffling_does_not_show_has_its_reason(
    together: tuple[float, float, float] | None, shift: float, reason: str
) -> None:
    data = report_data()
    names = [spec.name for spec in data.examples.specs]
    members = [tuple(names)] if together else [(name,) for name in names]
    groups = tuple(Group(some, *(together or (0.0, 0.0, 0.0))) for some in members)
    moved = replace(whole().related, groups=groups, shift=dict.fromkeys(names, shift))
    shuffled = data.explanations.importance
    flat = {metric: (0.0,) * len(names) for metric in shuffled.low}
    metrics = data.metrics | {"abandonment": data.metrics["abandonment"] | {"warnings": []}}
    silent = replace(
        data, metrics=metrics, whole=replace(whole(), related=moved),
        explanations=replace(data.explanations, importance=replace(shuffled, low=flat)),
    )  # fmt: skip
    assert any(reason in text for text in disagreements(silent))


def test_a_feature_that_moves_few_carts_far_is_told_so() -> None:
    data = report_data()
    values = np.zeros((len(data.examples), 12))
    values[:, :11] = 1.0
    values[:3, 11] = 2.0
    specs = tuple(replace(data.examples.specs[0], name=f"f{i}", title=f"F{i}") for i in range(12))
    groups = tuple(Group((spec.name,), 0.0, 0.0, 0.0) for spec in specs)
    related = replace(whole().related, groups=groups, shift={spec.name: 0.0 for spec in specs})
    high: dict[str, tuple[float, ...]] = dict.fromkeys(("auc", "average_precision"), (*[0.01] * 11, 0.5))
    importance = replace(data.explanations.importance, specs=specs, mean=high, low=high, high=high)
    attributions = replace(data.explanations.attributions, values=values, specs=specs)
    explanations = replace(data.explanations, attributions=attributions, importance=importance)
    told = disagreements(replace(data, explanations=explanations, whole=replace(whole(), related=related)))
    assert any("“F11”" in text and "few carts, but those far" in text for text in told)
