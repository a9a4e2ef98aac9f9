"""What a model card says of the models themselves, read from their files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

ENCODER = "one column after another"
"""Kind of the layer that prepares raw columns."""


@dataclass(frozen=True)
class Layer:
    """One layer of a network."""

    name: str
    """Its name in the model."""

    kind: str
    """Its class."""

    shape: str
    """What it gives for one example, such as "64" or "20 × 32"; a dash where it gives several things."""

    parameters: int
    """Numbers it holds."""


@dataclass(frozen=True)
class ModelFacts:
    """One network."""

    title: str
    """What it is, for a reader."""

    layers: tuple[Layer, ...]
    """From the input to the output."""

    parameters: int
    """Numbers it holds."""

    trained: int
    """Those of them that training sets; the others describe the training data or were fitted afterwards."""

    file_bytes: int
    """Size of its file."""

    @property
    def takes_raw_columns(self) -> bool:
        """Whether the preparation of its inputs is part of it."""
        return any(layer.kind == ENCODER for layer in self.layers)


@dataclass(frozen=True)
class CardFacts:
    """What a model card needs besides the results of the stages."""

    models: tuple[ModelFacts, ...]
    """The networks of the run."""

    seed: int = 0
    """Seed of the run."""

    contact: str | None = None
    """Whom to ask."""


def model_facts(title: str, model: "keras.Model", path: Path) -> ModelFacts:
    """Describe a Keras model that was saved to a file."""
    layers = tuple(_layers(model))
    trained = sum(int(weight.shape.num_elements() or 0) for weight in model.trainable_weights)
    return ModelFacts(title, layers, int(model.count_params()), trained, path.stat().st_size)


def _layers(model: "keras.Model") -> Iterator[Layer]:
    """The layers in order; those of a model inside are told one by one, but for an encoder of raw columns."""
    for layer in model.layers:
        if type(layer).__name__ == "InputLayer":
            continue
        if hasattr(layer, "layers") and layer.name != "encoder":
            yield from _layers(layer)
        else:
            kind = ENCODER if layer.name == "encoder" else type(layer).__name__
            yield Layer(layer.name, kind, _shape(layer), int(layer.count_params()))


def _shape(layer: "keras.Layer") -> str:
    shape = getattr(getattr(layer, "output", None), "shape", None)
    if shape is None:
        return "–"
    return " × ".join("any" if size is None else f"{size:,}" for size in shape[1:]) or "1"
