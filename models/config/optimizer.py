"""Configuration of the update rule, its learning rate's schedule, and what keeps the gradient healthy."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from data.strict import StrictModel

RuleName = Literal["gradient_descent", "single_sgd", "sgd", "momentum", "nag", "adagrad", "rmsprop", "adadelta", "adam"]


@dataclass(frozen=True)
class Rule:
    """What is known of an update rule."""

    title: str
    """Name for people."""

    reference: str
    """Where it was published."""

    learning_rate: float
    """Its default learning rate."""

    rates: tuple[float, float]
    """Range of learning rates that a search draws from, evenly on a logarithmic scale."""

    epsilon: float = 1e-7
    """Its default constant under (or beside) the square root, where it has one."""

    rho: float = 0.95
    """Its default decay of running averages of squares, where it has one."""

    options: tuple[str, ...] = ()
    """Its further settings: names of fields of `OptimizerConfig` that a search draws as well."""


RULES: dict[str, Rule] = {
    "gradient_descent": Rule("gradient descent (full batch)", "Cauchy 1847", 0.5, (1e-2, 1e1)),
    "single_sgd": Rule("SGD (single example)", "Robbins & Monro 1951, doi:10.1214/aoms/1177729586", 1e-3, (1e-5, 1e-2)),
    "sgd": Rule("SGD (mini-batch)", "Bottou 2010, doi:10.1007/978-3-7908-2604-3_16", 0.05, (1e-3, 1.0)),
    "momentum": Rule(
        "momentum", "Polyak 1964, doi:10.1016/0041-5553(64)90137-5", 0.01, (1e-4, 0.3), options=("momentum",)
    ),
    "nag": Rule("NAG", "Nesterov 1983; Sutskever et al. 2013", 0.01, (1e-4, 0.3), options=("momentum",)),
    "adagrad": Rule("AdaGrad", "Duchi et al. 2011, JMLR 12:2121", 0.05, (1e-3, 0.5)),
    "rmsprop": Rule(
        "RMSProp", "Tieleman & Hinton 2012, Coursera lecture 6e", 1e-3, (1e-5, 1e-2), rho=0.9, options=("rho",)
    ),
    "adadelta": Rule("Adadelta", "Zeiler 2012, arXiv:1212.5701", 1.0, (0.1, 3.0), 1e-6, options=("rho", "epsilon")),
    "adam": Rule("Adam", "Kingma & Ba 2015, arXiv:1412.6980", 1e-3, (1e-5, 1e-2), 1e-8, options=("beta_1", "beta_2")),
}
"""The update rules by name, from plain gradient descent to Adam.

ρ and ε are the authors' where they name any: Zeiler (.95, 1e-6), the lecture (ρ .9), Kingma & Ba (ε 1e-8). So are the
rates of Adadelta and Adam; the other rates and all ranges are ours, for gradients of a mean loss.
"""


class ScheduleConfig(StrictModel):
    """How the learning rate changes over the epochs."""

    kind: Literal["constant", "step", "cosine"] = "constant"
    """Stays as it is; is multiplied by `factor` every `every` epochs; or falls along half a cosine to `floor`."""

    warmup: float = Field(default=0.0, ge=0.0)
    """Epochs in which the rate first rises in a straight line from zero; fewer than those of the training."""

    every: float = Field(default=10.0, gt=0.0)
    """Epochs between the steps of `step`, counted from the start, those of the warm-up included."""

    factor: float = Field(default=0.5, gt=0.0, le=1.0)
    """What each step of `step` multiplies the rate by."""

    floor: float = Field(default=0.0, ge=0.0, le=1.0)
    """Share of the rate at which `cosine` ends, at the last of the configured epochs."""


class OptimizerConfig(StrictModel):
    """How the weights are updated."""

    name: RuleName = "adadelta"
    """The update rule. `gradient_descent` makes one step an epoch, from all examples; `single_sgd` one an example; the
    others one a batch."""

    learning_rate: float = Field(default_factory=lambda known: RULES[known["name"]].learning_rate, gt=0.0)
    """Learning rate; the rule's own default where not set. Adadelta's published form has none, which is 1.0; Keras's
    default of 0.001 hardly learns."""

    schedule: ScheduleConfig = ScheduleConfig()
    """How the learning rate changes."""

    rho: float = Field(default_factory=lambda known: RULES[known["name"]].rho, gt=0.0, lt=1.0)
    """Decay of the running averages of Adadelta and RMSProp; the rule's own default where not set."""

    epsilon: float = Field(default_factory=lambda known: RULES[known["name"]].epsilon, gt=0.0)
    """Constant that keeps divisors from zero: under the square roots in Adadelta and RMSProp, beside them in AdaGrad
    and Adam (there the ε̂ at the end of the paper's section 2). The rule's own default where not set."""

    momentum: float = Field(default=0.9, ge=0.0, lt=1.0)
    """Momentum of `momentum` and `nag`."""

    beta_1: float = Field(default=0.9, ge=0.0, lt=1.0)
    """Decay of Adam's running mean of gradients."""

    beta_2: float = Field(default=0.999, ge=0.0, lt=1.0)
    """Decay of Adam's running mean of squared gradients."""

    clip_norm: float | None = Field(default=None, gt=0.0)
    """Largest global norm of the gradient; longer ones are scaled down to it, after `clip_value` where both are set."""

    clip_value: float | None = Field(default=None, gt=0.0)
    """Largest size of a single entry of the gradient; larger ones are cut to it."""

    def batch(self, batch_size: int, rows: int) -> int:
        """Examples in a step: all `rows` for `gradient_descent`, one for `single_sgd`, else `batch_size`."""
        return {"gradient_descent": max(rows, 1), "single_sgd": 1}.get(self.name, batch_size)
