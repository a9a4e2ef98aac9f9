"""Configuration of costs and of how quality is measured."""

from pydantic import Field, PositiveInt

from data.strict import StrictModel


class SegmentConfig(StrictModel):
    """Carts that respond alike to a nudge."""

    where: str = Field(min_length=1)
    """Condition on the features, as for `explain --where`: "cart_value < 20 and visitor_purchases = 0"."""

    shift: float = Field(ge=0.0)
    """By how much a nudge lowers the log-odds of their being left: ln((1 − a) a′ / (a (1 − a′))) for shares left of
    a with a nudge and a′ without."""

    error: float = Field(default=0.0, ge=0.0)
    """Standard error of `shift`; 0 where it is taken as exact."""


class CostConfig(StrictModel):
    """What a nudge costs and brings, in the shop's currency; sets the decision threshold and the value of a nudge."""

    nudge_cost: float = Field(default=0.5, ge=0.0)
    """Cost of one nudge (message, discount) whether it works or not."""

    margin: float = Field(default=0.25, gt=0.0, le=1.0)
    """Share of the cart's value that is profit when it is bought."""

    rescue_rate: float = Field(default=0.1, gt=0.0, le=1.0)
    """Share of the carts that would be abandoned which a nudge turns into purchases."""

    rescue_rate_error: float = Field(default=0.0, ge=0.0)
    """Standard error of `rescue_rate`; 0 where it is taken as exact."""

    segments: tuple[SegmentConfig, ...] = ()
    """What a trial with randomized nudges measured. The first segment whose condition a cart meets says how the cart
    responds, in the place of `rescue_rate`: carts that are all but lost, or all but sold, then respond less."""

    realization: float = Field(default=1.0, gt=0.0)
    """Share that comes in of what `rescue_rate` and `segments` promise of the carts that are nudged. Below 1 where the
    most valuable carts respond less than others like them, or where what was measured by chance too high decides who is
    nudged; `simulate` measures it on carts that had no say in that."""

    realization_error: float = Field(default=0.0, ge=0.0)
    """Standard error of `realization`; 0 where it is taken as exact."""

    cart_value: float = Field(default=1.0, gt=0.0)
    """Value counted for a cart whose value the source does not tell, in the same currency."""


class EvaluateConfig(StrictModel):
    """How quality is measured on the test examples."""

    bootstrap: PositiveInt = 500
    """Bootstrap resamples (of whole sessions) behind each 95% interval."""

    bins: PositiveInt = 15
    """Equal-count bins of the calibration curve and of the expected calibration error."""

    few: PositiveInt = 200
    """Test examples below which the report warns how little they prove."""

    max_prefixes: PositiveInt = 20_000
    """Steps of the test sessions that the recommender and its baselines are compared on at most (a seeded sample of
    whole sessions)."""
