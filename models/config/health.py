"""Configuration of the watch over gradients."""

from pydantic import Field

from data.strict import StrictModel


class GradientHealthConfig(StrictModel):
    """What of the gradients is watched during training, and from where on it is called ill."""

    enabled: bool = True
    """Whether to watch at all."""

    vanishing: float = Field(default=1e-3, gt=0.0, lt=1.0)
    """Root mean square of the gradient's entries in a layer, as a share of the last layer's, below which it vanishes;
    over three epochs in a row."""

    exploding: float = Field(default=100.0, gt=1.0)
    """Largest gradient norm of a layer in an epoch, as a multiple of the whole network's median norm in the epochs
    before (in the first epoch: of its norm at the first step), above which it explodes."""

    dead: float = Field(default=0.5, gt=0.0, le=1.0)
    """Share of a layer's units that no example moves, above which the layer is called dead."""
