"""What each figure of the explanations' quality means, and from where it is poor."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from explain.wording import decimal_text, number_text, share_text


@dataclass(frozen=True)
class Check:
    """A figure held against a bound."""

    figure: str
    """Key in `quality.json`'s figures."""

    question: str
    """What it answers, for a reader."""

    term: str
    """The property and measure, for who wants to look it up."""

    relation: Literal[">=", "<="]
    """On which side of the bound it is good."""

    bound: float
    """Beyond it the figure is poor."""

    text: Callable[[float], str]
    """The figure as a reader wants to see it."""

    meaning: str
    """What the figure is, in plain words."""

    def good(self, value: float) -> bool:
        """Whether the figure keeps the bound."""
        return value >= self.bound if self.relation == ">=" else value <= self.bound


def _places(value: float) -> str:
    return decimal_text(value, 2)


CHECKS = (
    Check(
        "deletion_beats_random", "Do the features named first move the prediction most?", "Fidelity: deletion",
        ">=", 0.95, share_text,
        "Share of carts whose prediction moves further when the features that support it are taken away in the order "
        "of their SHAP values than in a random order. Taken away means: replaced by those of typical carts.",
    ),
    Check(
        "insertion_beats_random", "Are they enough to arrive at the prediction?", "Fidelity: insertion",
        ">=", 0.95, share_text,
        "Share of carts whose prediction is reached sooner when typical carts are given their features in that order "
        "than in a random one.",
    ),
    Check(
        "faithfulness", "Do groups of features weigh what is said of them?", "Fidelity: faithfulness correlation",
        ">=", 0.8, _places,
        "Mean correlation, over random groups of a cart's features, between the sum of their SHAP values and what "
        "taking them away changes; 1 is perfect, 0 is chance.",
    ),
    Check(
        "additivity_error", "Do the parts add up to the prediction?", "Fidelity: additivity error",
        "<=", 0.001, number_text,
        "Largest gap, in log-odds, between a cart's prediction and the sum of its SHAP values and a typical cart's.",
    ),
    Check(
        "planted_spearman", "Do they find the true causes?", "Accuracy: rank correlation with the planted causes",
        ">=", 0.8, _places,
        "Only the simulated shop knows its causes: agreement of their planted strengths with the sizes found.",
    ),
    Check(
        "lead_kept_by_reasons", "Do the few reasons given tell what the model knows?", "Accuracy: AUC of the reasons",
        ">=", 0.8, share_text,
        "How much better than guessing the reasons given for each cart rank carts by what really happened, as a share "
        "of what the whole prediction does.",
    ),
    Check(
        "top_reason_kept", "Does the first reason stay where a cart hardly changes?", "Stability: small changes",
        ">=", 0.9, share_text,
        "Share of small changes to a cart's numbers that leave the same feature in the first place.",
    ),
    Check(
        "lipschitz_ratio", "Do explanations jump where predictions do not?", "Stability: local Lipschitz estimate",
        "<=", 3.0, _places,
        "How far a small change moves the explanation of a middling cart at most, as a multiple of how far it moves "
        "the prediction. About 1: one moves with the other.",
    ),
    Check(
        "background_spearman", "Do other typical carts give the same explanation?", "Stability: other backgrounds",
        ">=", 0.8, _places,
        "Explanations count from a sample of typical carts. Mean rank correlation of a cart's SHAP values between "
        "samples; 1 is the same order.",
    ),
    Check(
        "background_top_jaccard", "And the same five most important features?", "Stability: Jaccard of the top 5",
        ">=", 0.8, _places,
        "Features that two samples have in common among their five most important, as a share of all that either has.",
    ),
    Check(
        "consistency_spearman", "Would another network say the same?", "Consistency: all carts",
        ">=", 0.8, _places,
        "Rank correlation of the features' importance between this network and one trained alike from another start.",
    ),
    Check(
        "consistency_cart_spearman", "Would it say the same of a single cart?", "Consistency: cart by cart",
        ">=", 0.7, _places,
        "Mean rank correlation of a cart's SHAP values between the two networks.",
    ),
    Check(
        "features_for_most", "Is there little to read?", "Comprehensibility: features for 80%",
        "<=", 7, number_text,
        "Features that make up 80% of a middling cart's explanation. Seven are about what people keep in mind at "
        "once; where it takes more, a few reasons are not the whole story.",
    ),
    Check(
        "words", "Is it short?", "Comprehensibility: words",
        "<=", 60, number_text,
        "Words in the reasons given for a middling cart.",
    ),
)  # fmt: skip
"""The checks, in the order a reader should meet them."""


def poor(figures: Mapping[str, float | None]) -> list[Check]:
    """The checks whose figure was measured and does not keep its bound."""
    measured = ((check, figures.get(check.figure)) for check in CHECKS)
    return [check for check, value in measured if value is not None and not check.good(value)]
