"""Configuration of the abandonment model and its training."""

from typing import Literal, Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from data.errors import InputError
from data.strict import StrictModel
from models.config.health import GradientHealthConfig
from models.config.optimizer import OptimizerConfig
from models.config.stopping import EarlyStopping


class AbandonmentConfig(StrictModel):
    """The network that says how likely a cart is left: blocks of Dense, activation, BatchNormalization, Dropout."""

    enabled: bool = True
    """Whether to make one at all; without it a run makes the recommender alone, and needs no cart event."""

    warm_start: str | None = Field(default=None, min_length=1)
    """An earlier abandonment model whose weights training starts from instead of from zero: the folder that holds it
    (`work/train` of another work folder) or its address in MLflow's registry (`models:/cart-abandonment@champion`). A
    network of another form is trained from zero. Its own training should have ended before this run's test sessions
    began, or the figures flatter."""

    intervals: NonNegativeInt = 8
    """Most intervals of a numeric feature's piecewise linear encoding; 0 gives the network the bare value."""

    units: tuple[PositiveInt, ...] = Field(default=(64, 32), min_length=1)
    """Units of each hidden block."""

    input_normalization: Literal["standardize", "min_max", "off"] = "standardize"
    """Scale of the encoded inputs: mean 0 and deviation 1, from 0 to 1 over the training examples, or as they are."""

    activation: Literal["relu", "leaky_relu", "elu", "selu", "tanh", "sigmoid"] = "relu"
    """Activation of the hidden blocks; all of these have exact SHAP values."""

    initializer: Literal["auto", "he_normal", "glorot_uniform", "lecun_normal", "orthogonal", "random_normal"] = "auto"
    """Where the dense kernels start; `auto` is what goes with the activation (He for the ReLU family, LeCun for SELU,
    Glorot for the rest)."""

    batch_normalization: Literal["after", "before", "off"] = "after"
    """Batch normalization after or before the activation, or none."""

    batch_normalization_momentum: float = Field(default=0.99, ge=0.0, lt=1.0)
    """Momentum of its running mean and variance."""

    batch_normalization_epsilon: float = Field(default=1e-3, gt=0.0)
    """Constant added to its variance."""

    batch_normalization_axis: Literal[-1, 1] = -1
    """Axis whose entries are normalized each for itself: that of the features, from the end or from the start."""

    gamma_initializer: Literal["ones", "zeros", "random_normal"] = "ones"
    """Where its scales start."""

    beta_initializer: Literal["zeros", "ones", "random_normal"] = "zeros"
    """Where its shifts start."""

    dropout: float = Field(default=0.45, ge=0.0, lt=1.0)
    """Share of a block's outputs dropped in training."""

    input_dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Share of the encoded inputs dropped in training."""

    residual: bool = False
    """Add each block's input to its output (through a linear projection where the widths differ)."""

    l1: float = Field(default=0.0, ge=0.0)
    """L1 penalty on the dense kernels; with `l2` beside it, both."""

    l2: float = Field(default=0.0, ge=0.0)
    """L2 penalty on the dense kernels."""

    label_smoothing: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Share of a label that is spread evenly over both outcomes in training (Szegedy et al. 2016)."""

    confidence_penalty: float = Field(default=0.0, ge=0.0)
    """Weight of the negative entropy of the predictions in the training loss (Pereyra et al. 2017)."""

    input_noise: float = Field(default=0.0, ge=0.0, le=1.0)
    """Deviation of the Gaussian noise that augments the scaled inputs in training."""

    hidden_noise: float = Field(default=0.0, ge=0.0, le=1.0)
    """Deviation of the Gaussian noise added to the hidden blocks' outputs in training."""

    optimizer: OptimizerConfig = OptimizerConfig()
    """How the weights are updated."""

    batch_size: PositiveInt = 256
    """Examples in a training step."""

    weight_average: float = Field(default=0.5, ge=0.0)
    """Epochs over which the weights are averaged, exponentially; the average is what is judged and kept. 0 for none."""

    epochs: PositiveInt = 40
    """Most passes over the training examples."""

    early_stopping: EarlyStopping = EarlyStopping()
    """When to stop before that."""

    gradient_health: GradientHealthConfig = GradientHealthConfig()
    """What of the gradients is watched."""

    imbalance: Literal["threshold", "class_weight"] = "threshold"
    """Answer to unequal classes: move the decision threshold, or weight the classes in training."""

    calibration: Literal["platt", "off"] = "platt"
    """Calibration fitted on the validation examples and kept as the model's last layer."""

    baselines: tuple[Literal["logistic_regression", "gradient_boosting"], ...] = (
        "logistic_regression",
        "gradient_boosting",
    )
    """Baselines trained on the same rows."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        self.early_stopping.check("abandonment", without="val_accuracy")
        if self.optimizer.name == "single_sgd" and self.batch_normalization != "off":
            raise InputError(
                "`abandonment.batch_normalization` should be off where `abandonment.optimizer.name` is single_sgd: a "
                f"batch of one example has no variance. Received: {self.batch_normalization}"
            )
        return self
