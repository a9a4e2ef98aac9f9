"""Configuration of search and comparison."""

from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from data.strict import StrictModel

Method = Literal["random", "grid", "bayesian", "hyperband", "random_cv", "grid_cv", "evolutionary", "gradient"]


class TuneConfig(StrictModel):
    """Search over the abandonment model's settings; the validation examples choose."""

    method: Method = "random"
    """How settings are chosen: at random; on a grid; by a Gaussian process; many at random of which the better go on
    for more epochs; at random or on a grid with cross-validation; by selection, crossover and mutation; or along the
    validation loss's gradient, for the learning rate and the L2 penalty."""

    trials: NonNegativeInt = 6
    """Settings tried; 0 trains the configured model as it is."""

    minutes: float | None = Field(default=None, gt=0.0)
    """Time after which no trial is started any more."""

    epochs: PositiveInt = 12
    """Most epochs of a trial."""

    max_rows: PositiveInt = 50_000
    """Training examples of a trial at most (a seeded sample of whole visitors)."""

    optimizers: tuple[str, ...] = ()
    """Update rules to search over, the configured one always among them; it alone where empty."""

    space: dict[str, tuple[bool | int | float | str, ...]] = {}
    """Ranges in the place of the project's own, by setting: two numbers are a range from low to high
    (`dropout = [0.1, 0.5]`), anything else is a list of values (`units = ["64-32", "128"]`, `batch_size = [256, 512]`).
    A setting that is not searched otherwise is where it is named here."""

    grid_points: PositiveInt = 3
    """Values of a continuous setting on a grid."""

    folds: int = Field(default=4, ge=2)
    """Folds of the methods that cross-validate."""

    fold_by: Literal["visitor", "time"] = "visitor"
    """What keeps folds apart: no visitor in two of them, or each fold later than all it is judged by (blocked)."""

    workers: PositiveInt = 1
    """Processes that run trials at the same time. The trials are the same whatever their number."""


class CompareConfig(StrictModel):
    """Alternatives side by side under one budget."""

    trials: PositiveInt = 6
    """Random settings tried for each alternative."""

    seeds: PositiveInt = 3
    """Seeds that each alternative's best setting is trained with again."""

    epochs: PositiveInt = 20
    """Most epochs of a training."""

    max_rows: PositiveInt = 50_000
    """Training examples at most (a seeded sample of whole visitors)."""

    only: tuple[str, ...] = ()
    """Alternatives to compare; all where empty."""

    workers: PositiveInt = 1
    """Processes that train at the same time. The results are the same whatever their number."""
