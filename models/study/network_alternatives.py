"""Alternatives for the parts of the abandonment network and the recommender, besides their update rule."""

from typing import Any

from models.study.alternatives import Alternative, Range

PLAIN: dict[str, Any] = {
    "dropout": 0.0,
    "input_dropout": 0.0,
    "l1": 0.0,
    "l2": 0.0,
    "label_smoothing": 0.0,
    "confidence_penalty": 0.0,
    "input_noise": 0.0,
    "hidden_noise": 0.0,
    "weight_average": 0.0,
    "early_stopping": {"patience": 1000, "restore_best": False},
}
"""The abandonment network without any regularization, batch normalization's own apart."""

SHARE = Range(0.05, 0.7, "even")
PENALTY = Range(1e-6, 1e-2)


def regularizations() -> list[Alternative]:
    """Each kind of regularization alone against none, and the configured mixture."""
    one: list[tuple[str, str, dict[str, Any], dict[str, Range], str]] = [
        ("l1", "L1 penalty", {"l1": 1e-5}, {"l1": PENALTY}, "Tibshirani 1996"),
        ("l2", "L2 penalty", {"l2": 1e-4}, {"l2": PENALTY}, "Krogh & Hertz 1991"),
        ("l1_l2", "L1 and L2 penalty", {"l1": 1e-5, "l2": 1e-4}, {"l1": PENALTY, "l2": PENALTY}, "Zou & Hastie 2005"),
        (
            "confidence_penalty", "entropy: confidence penalty", {"confidence_penalty": 0.1},
            {"confidence_penalty": Range(0.01, 1.0)}, "Pereyra et al. 2017, arXiv:1701.06548",
        ),
        (
            "label_smoothing", "entropy: label smoothing", {"label_smoothing": 0.1},
            {"label_smoothing": Range(0.01, 0.5)}, "Szegedy et al. 2016, arXiv:1512.00567",
        ),
        (
            "input_noise", "augmentation: noise on the inputs", {"input_noise": 0.1},
            {"input_noise": Range(0.01, 1.0)}, "Bishop 1995",
        ),
        (
            "hidden_noise", "noise injection in hidden layers", {"hidden_noise": 0.1},
            {"hidden_noise": Range(0.01, 1.0)}, "Poole et al. 2014, arXiv:1406.1831",
        ),
        ("dropout", "dropout", {"dropout": 0.5}, {"dropout": SHARE}, "Srivastava et al. 2014, JMLR 15:1929"),
        ("input_dropout", "dropout of inputs", {"input_dropout": 0.2}, {"input_dropout": SHARE}, "same"),
        (
            "early_stopping", "early stopping", {"early_stopping": {"patience": 6, "restore_best": True}}, {},
            "Prechelt 1998",
        ),
        (
            "weight_average", "averaged weights", {"weight_average": 0.5}, {"weight_average": Range(0.1, 5.0)},
            "Polyak & Juditsky 1992",
        ),
    ]  # fmt: skip
    alone = [Alternative(name, title, {**PLAIN, **own}, ranges, source) for name, title, own, ranges, source in one]
    folded = Alternative(
        "cross_validation", "dropout, its share chosen by 4-fold cross-validation", {**PLAIN, "dropout": 0.5},
        {"dropout": SHARE}, "Stone 1974; folds by visitor", folds=4,
    )  # fmt: skip
    none = Alternative("none", "no regularization", PLAIN)
    return [none, *alone, folded, Alternative("configured", "as configured", {})]


def normalizations(rate: float) -> list[Alternative]:
    """Scaling of the inputs and batch normalization, each tuned over the learning rate."""
    ranges = {"optimizer.learning_rate": Range(rate / 30, rate * 3)}
    forms = {
        "off": ("neither scaled inputs nor batch normalization", "off", "off"),
        "min_max": ("min-max inputs", "min_max", "off"),
        "standardize": ("standardized inputs", "standardize", "off"),
        "batch_before": ("standardized, batch normalization before the activation", "standardize", "before"),
        "batch_after": ("standardized, batch normalization after the activation", "standardize", "after"),
        "batch_alone": ("batch normalization without scaled inputs", "off", "after"),
    }
    source = "Ioffe & Szegedy 2015, arXiv:1502.03167"
    return [
        Alternative(
            name,
            title,
            {"input_normalization": inputs, "batch_normalization": batch},
            ranges,
            source if batch != "off" else "",
        )
        for name, (title, inputs, batch) in forms.items()
    ]


def architectures(rate: float) -> list[Alternative]:
    """Widths, depths, activations and residual connections."""
    ranges = {"optimizer.learning_rate": Range(rate / 30, rate * 3)}
    forms: dict[str, tuple[str, dict[str, Any]]] = {
        "configured": ("as configured", {}),
        "small": ("one layer of 32", {"units": (32,)}),
        "wide": ("one layer of 256", {"units": (256,)}),
        "deep": ("four layers of 64", {"units": (64, 64, 64, 64)}),
        "deep_residual": ("four layers of 64, residual", {"units": (64, 64, 64, 64), "residual": True}),
        "leaky_relu": ("leaky ReLU", {"activation": "leaky_relu"}),
        "elu": ("ELU", {"activation": "elu"}),
        "selu": ("SELU", {"activation": "selu"}),
        "tanh": ("tanh", {"activation": "tanh"}),
        "sigmoid": ("sigmoid", {"activation": "sigmoid"}),
        "plain_inputs": ("numbers as they are, not encoded piecewise", {"intervals": 0}),
    }
    return [Alternative(name, title, settings, ranges) for name, (title, settings) in forms.items()]


def session_regularizations() -> list[Alternative]:
    """Each kind of regularization of the recommender alone against none, and the configured mixture."""
    plain: dict[str, Any] = {
        "dropout": 0.0,
        "input_dropout": 0.0,
        "weight_average": 0.0,
        "augmentation": {"crop": 0.0, "mask": 0.0, "reorder": 0.0},
    }
    source = "Xie et al. 2022, arXiv:2010.14395"
    one: list[tuple[str, str, dict[str, Any], dict[str, Range], str]] = [
        ("dropout", "dropout", {"dropout": 0.3}, {"dropout": SHARE}, "Srivastava et al. 2014"),
        ("input_dropout", "dropout of items' vectors", {"input_dropout": 0.3}, {"input_dropout": SHARE}, "same"),
        ("weight_average", "averaged weights", {"weight_average": 4.0}, {}, "Izmailov et al. 2018, arXiv:1803.05407"),
        *(
            (kind, f"augmentation: {kind}", {f"augmentation.{kind}": 0.3}, {f"augmentation.{kind}": SHARE}, source)
            for kind in ("crop", "mask", "reorder")
        ),
    ]
    alone = [Alternative(name, title, {**plain, **own}, ranges, ref) for name, title, own, ranges, ref in one]
    return [Alternative("none", "no regularization", plain), *alone, Alternative("configured", "as configured", {})]


def session_architectures(rate: float) -> list[Alternative]:
    """The recommender's encoders."""
    ranges = {"optimizer.learning_rate": Range(rate / 30, rate * 3)}
    titles = {"gru": "GRU", "lstm": "LSTM", "attention": "self-attention", "pooling": "pooling"}
    return [Alternative(name, title, {"encoder": name}, ranges) for name, title in titles.items()]
