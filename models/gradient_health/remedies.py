"""Which settings help against ill gradients, of those that are not set yet."""

from collections.abc import Callable, Mapping

from models.config import AbandonmentConfig

FLAT = ("sigmoid", "tanh")  # activations that saturate on both sides


def remedies(kind: str, config: AbandonmentConfig) -> tuple[str, ...]:
    """Settings as a user can type them, the likeliest to help first.

    Args:
        kind: "vanishing", "exploding", "dead" or "nan".
        config: what is set; nothing is advised that it has.
    """
    tried = (remedy(config) for remedy in _BY_KIND[kind])
    return tuple(f"abandonment.{setting}" for setting in tried if setting)


def _activation(config: AbandonmentConfig) -> str | None:
    if config.activation in FLAT:
        return "activation=relu"
    return None


def _living_activation(config: AbandonmentConfig) -> str | None:
    return "activation=leaky_relu" if config.activation in (*FLAT, "relu") else None


def _initializer(config: AbandonmentConfig) -> str | None:
    """Advised for the activation to be: a saturating one is advised against, and the ReLU family starts from He."""
    suited = {"selu": "lecun_normal"}.get(config.activation, "he_normal")
    fits = config.initializer in (suited, "auto") and config.activation not in FLAT
    return None if fits else f"initializer={suited}"


def _residual(config: AbandonmentConfig) -> str | None:
    return None if config.residual else "residual=true"


def _normalization(config: AbandonmentConfig) -> str | None:
    if config.optimizer.name == "single_sgd":  # a batch of one example has no variance
        return None
    return "batch_normalization=before" if config.batch_normalization == "off" else None


def _fewer_layers(config: AbandonmentConfig) -> str | None:
    few = ", ".join(str(units) for units in config.units[:2])
    return f"units=[{few}]" if len(config.units) > 2 else None


def _rate(config: AbandonmentConfig) -> str:
    return f"optimizer.learning_rate={config.optimizer.learning_rate / 10:g}"


def _clip_norm(config: AbandonmentConfig) -> str | None:
    return None if config.optimizer.clip_norm else "optimizer.clip_norm=1.0"


def _clip_value(config: AbandonmentConfig) -> str | None:
    return None if config.optimizer.clip_value else "optimizer.clip_value=0.1"


_LONG = (_rate, _clip_norm, _clip_value, _normalization)
_BY_KIND: Mapping[str, tuple[Callable[[AbandonmentConfig], str | None], ...]] = {
    "vanishing": (_activation, _initializer, _normalization, _residual, _fewer_layers),
    "exploding": _LONG,
    "nan": _LONG,
    "dead": (_rate, _living_activation, _normalization, _clip_norm),
}
