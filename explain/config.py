"""Configuration of the explanations."""

from pydantic import Field, PositiveInt

from data.strict import StrictModel


class ExplainConfig(StrictModel):
    """How much is computed for the explanations."""

    background: PositiveInt = 100
    """Training examples that stand for "a typical cart" in SHAP values (a seeded sample)."""

    max_rows: PositiveInt = 2_000
    """Test examples explained in the report (a seeded sample)."""

    permutation_repeats: int = Field(default=10, ge=2)
    """Resamples of the test sessions, each with one shuffle per feature, behind permutation importance."""

    permutation_rows: PositiveInt = 5_000
    """Test examples used for permutation importance at most (a seeded sample)."""

    reasons: PositiveInt = 3
    """Most reasons given for one cart."""
