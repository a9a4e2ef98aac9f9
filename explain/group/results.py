"""What the contrast of a group of carts with the rest comes to. Free of TensorFlow."""

from dataclasses import dataclass

from data.feature import Feature

Estimate = tuple[float, float, float]
"""A value, and the ends of its 95% interval over sessions."""


@dataclass(frozen=True)
class Part:
    """The group, or the rest."""

    carts: int
    """Test examples."""

    sessions: int
    """Their sessions."""

    left: Estimate
    """Share that was left."""

    predicted: float
    """Mean predicted probability."""

    auc: Estimate | None
    """Area under the ROC curve; None where all ended alike, or too few resamples have both."""


@dataclass(frozen=True)
class GroupFeature:
    """One feature in the group and in the rest."""

    spec: Feature
    """The feature."""

    typical: tuple[float | str | None, float | str | None]
    """Median or most frequent value in the group and in the rest."""

    mean: tuple[float, float]
    """Mean SHAP value in the group and in the rest, in log-odds."""

    difference: Estimate
    """The first less the second."""

    drop: Estimate | None
    """AUC that the group loses where the feature is shuffled in it; None where all of it ended alike."""


@dataclass(frozen=True)
class Group:
    """A group of test carts, contrasted with the rest."""

    condition: str
    """What its carts have in common."""

    inside: Part
    """The group."""

    outside: Part
    """The rest."""

    features: tuple[GroupFeature, ...]
    """Every feature, the one that differs most first."""

    base: float
    """Log-odds of a typical cart."""

    explained: tuple[int, int]
    """Carts with SHAP values, in the group and in the rest."""
