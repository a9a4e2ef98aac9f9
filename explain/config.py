"""Configuration of the explanations."""

from pydantic import Field, PositiveInt

from data.strict import StrictModel


class QualityConfig(StrictModel):
    """How the explanations are measured in turn."""

    enabled: bool = True
    """Whether they are measured at all."""

    carts: PositiveInt = 200
    """Explained carts, at most, whose features are taken away, and that are explained again against other typical
    carts and by another network (a seeded sample)."""

    random_orders: PositiveInt = 3
    """Random orders of a cart's features to compare the explanation's order with."""

    subsets: int = Field(default=50, ge=3)
    """Random groups of a cart's features to replace, behind the faithfulness correlation."""

    nudged_carts: PositiveInt = 50
    """Explained carts, at most, whose numbers are moved a little (a seeded sample)."""

    nudge: float = Field(default=0.05, gt=0.0, le=1.0)
    """How far they are moved, in standard deviations of the training examples."""

    backgrounds: int = Field(default=5, ge=2)
    """Other samples of training examples to explain the same carts against."""

    consistency: bool = True
    """Whether to train the network a second time from another start, to see whether its explanations agree."""


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

    shape_features: int = Field(default=6, ge=2)
    """Features, the strongest, whose shapes and interactions are computed."""

    shape_rows: int = Field(default=500, ge=2)
    """Test examples behind each shape at most (a seeded sample)."""

    shape_points: int = Field(default=20, ge=3)
    """Values of a numeric feature at which its shape is computed at most."""

    interaction_rows: int = Field(default=150, ge=2)
    """Test examples behind the interactions at most; the work grows with its square."""

    interaction_floor: float = Field(default=0.1, ge=0, le=1)
    """Friedman's H from which two features are said to work together; 0.1 is 1% of what the two do together."""

    correlated: float = Field(default=0.6, gt=0, le=1)
    """Absolute rank correlation from which features are shuffled as one."""

    stand_in_rows: PositiveInt = 10_000
    """Training and validation examples that simple stand-ins for the network are fitted to at most."""

    min_fidelity: float = Field(default=0.8, ge=0, le=1)
    """R² on test examples below which the report does not lean on a stand-in."""

    ablation_rows: PositiveInt = 2_000
    """Test examples that parts of the model are taken away from at most."""

    ablation_background: PositiveInt = 20
    """Training examples whose values take the place of a part's."""

    actionable: tuple[str, ...] | None = None
    """Features that a shop can change for a live cart; where not set, those that the catalogue of features marks."""

    similar: PositiveInt = 3
    """Most similar carts shown beside one cart."""

    reasons: PositiveInt = 3
    """Most reasons given for one cart."""

    contact: str | None = None
    """Whom readers of the model card may ask: a name, a team, an address."""

    quality: QualityConfig = QualityConfig()
    """How the explanations are measured in turn."""
