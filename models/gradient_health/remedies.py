"""Which settings help against ill gradients, of those that are not set yet."""

from collections.abc import Sequence

from models.blocks import STARTS
from models.config import AbandonmentConfig, OptimizerConfig

FLAT = ("sigmoid", "tanh")  # activations that saturate on both sides


def remedies(kind: str, config: AbandonmentConfig) -> tuple[str, ...]:
    """Settings as a user can type them, the likeliest to help first.

    Args:
        kind: "vanishing", "exploding", "dead" or "nan".
        config: what is set; nothing is advised that it has.
    """
    if kind in ("exploding", "nan"):
        network = [_normalization(config)]
        return (*optimizer_remedies("abandonment", config.optimizer), *_named(network))
    if kind == "dead":
        rate = optimizer_remedies("abandonment", config.optimizer)[0]
        return (rate, *_named([_living_activation(config), _initializer(config), _normalization(config)]))
    wanted = (_activation, _initializer, _normalization, _residual, _fewer_layers)
    return _named([remedy(config) for remedy in wanted])


def optimizer_remedies(section: str, config: OptimizerConfig) -> tuple[str, ...]:
    """Settings of an update rule against steps that are too large; `section` is the one that it belongs to."""
    settings = [f"learning_rate={config.learning_rate / 10:g}"]
    settings += [] if config.clip_norm else ["clip_norm=1.0"]
    settings += [] if config.clip_value else ["clip_value=0.1"]
    return tuple(f"{section}.optimizer.{setting}" for setting in settings)


def _named(settings: Sequence[str | None]) -> tuple[str, ...]:
    return tuple(f"abandonment.{setting}" for setting in settings if setting)


def _activation(config: AbandonmentConfig) -> str | None:
    return "activation=relu" if config.activation in FLAT else None


def _living_activation(config: AbandonmentConfig) -> str | None:
    return "activation=leaky_relu" if config.activation in (*FLAT, "relu") else None


def _initializer(config: AbandonmentConfig) -> str | None:
    """What suits the activation; not where that saturates: another start alone does not help a deep network of them."""
    suited = STARTS.get(config.activation, "he_normal")
    if config.activation in FLAT or config.initializer in ("auto", suited):
        return None
    return f"initializer={suited}"


def _residual(config: AbandonmentConfig) -> str | None:
    return None if config.residual else "residual=true"


def _normalization(config: AbandonmentConfig) -> str | None:
    if config.optimizer.name == "single_sgd":  # a batch of one example has no variance
        return None
    return "batch_normalization=before" if config.batch_normalization == "off" else None


def _fewer_layers(config: AbandonmentConfig) -> str | None:
    few = ", ".join(str(units) for units in config.units[:2])
    return f"units=[{few}]" if len(config.units) > 2 else None
