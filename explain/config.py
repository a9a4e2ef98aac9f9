"""Configuration of the explanations."""

from pydantic import Field, PositiveInt

from data.strict import StrictModel


class ExplainConfig(StrictModel):
    """How much is computed for the explanations."""

    background: PositiveInt = 100
    """Training examples that stand for "a typical cart" in SHAP values."""

    max_rows: PositiveInt = 2_000
    """Test examples explained in the report (a seeded sample)."""

    permutation_repeats: int = Field(default=10, ge=2)
    """Shuffles per feature behind permutation importance and its interval."""

    permutation_rows: PositiveInt = 5_000
    """Test examples used for permutation importance at most (a seeded sample)."""
