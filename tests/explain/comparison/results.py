"""Made-up results of comparisons, in the form that the command keeps them."""

import math
from typing import Any

import numpy as np

from tests.explain.results import EVIL

Row = dict[str, Any]
RATE = "optimizer.learning_rate"
EPOCHS = 12


def alternative(
    name: str,
    behind: tuple[float, float, float] = (0.0, 0.0, 0.0),
    seconds: float | None = 3.0,
    title: str = "",
    rates: tuple[float, ...] = (1e-3, 1e-2, 1e-1),
    seeds: int = 3,
    **changes: Any,
) -> Row:
    """An alternative that was judged, so far behind the best one, at the target after so many seconds."""
    mean = 0.64 - behind[0]
    rng = np.random.default_rng(len(name))
    auc = [[0.5 + (mean - 0.49) * (1 - math.exp(-e / (seconds or 9))) + rng.normal(0, 0.002) for e in range(EPOCHS)]
           for _ in range(seeds)]  # fmt: skip
    row: Row = {
        "name": name,
        "title": title or name.capitalize(),
        "reference": f"{name.capitalize()} et al. 1999",
        "settings": {RATE: rates[0], "optimizer.rho": 0.999} if rates else {},
        "quality": [mean, mean - 0.01, mean + 0.011],
        "behind": list(behind),
        "level": behind[1] <= 0,
        "epochs_to_target": None if seconds is None else seconds,
        "steps_to_target": None if seconds is None else seconds * 100,
        "seconds_to_target": seconds,
        "seconds": 9.0,
        "seeds": [mean] * seeds,
        "curves": {"loss": [[1.2 - v for v in seed] for seed in auc], "val_auc": auc},
        "trials": [trial({RATE: rate}, mean - 0.01 * math.log10(rate / rates[len(rates) // 2]) ** 2) for rate in rates]
        or [trial({}, mean)],
        "error": None,
    }
    return row | changes


def broken(name: str, error: str = "ValueError: loss is NaN", title: str = "", **changes: Any) -> Row:
    """An alternative of which no training came to an end."""
    row: Row = {
        "name": name, "title": title or name.capitalize(), "reference": "", "settings": {}, "quality": None,
        "trials": [trial({RATE: 1.0}, None), trial({RATE: 2.0}, None)], "error": error,
    }  # fmt: skip
    return row | changes


def trial(settings: Row, value: float | None) -> Row:
    """A trial, failed where it has no value."""
    error = "ValueError: loss is NaN" if value is None else None
    status = "failed" if value is None else "completed"
    return {"settings": settings, "value": value, "status": status, "error": error, "seconds": 8.0, "epochs": EPOCHS}


def result(*alternatives: Row, **changes: Any) -> Row:
    """The result of a comparison, its alternatives best first."""
    budget = {"trials": 3, "seeds": 3, "epochs": EPOCHS, "rows": 50_000, "judged_rows": 12_345}
    whole = {
        "what": "optimizer", "model": "abandonment", "preset": "retailrocket", "seed": 0,
        "budget": budget | changes.pop("budget", {}), "seconds": 754.0, "steps_per_epoch": 196,
        "monitor": "val_auc", "judged": "auc", "target": 0.63, "alternatives": list(alternatives),
    }  # fmt: skip
    return whole | changes


def optimizers() -> Row:
    """Optimizers of which some are level, some behind, one fails, and one is what is configured."""
    log = [1e-5, 1e-4, 3e-4, 1e-3, 4e-3, 1e-2]
    return result(
        alternative("adam", seconds=5.1, title="Adam", rates=tuple(log)),
        alternative("adadelta", (0.001, -0.002, 0.003), 3.1, rates=(0.1, 0.3, 0.7, 1.0, 2.0, 2.9)),
        alternative("momentum", (0.002, -0.001, 0.004), 4.4, title="momentum", rates=(1e-4, 1e-3, 1e-2, 0.1, 0.2)),
        alternative("nag", (0.003, -0.0005, 0.005), None, title="NAG", rates=(1e-4, 1e-3, 2e-2, 0.3),
                    trials=[trial({RATE: 1e-3}, 0.61), trial({RATE: 2e-2}, 0.63), trial({RATE: 0.3}, None)]),
        alternative("rmsprop", (0.004, 0.0002, 0.006), 6.0, title="RMSProp", rates=tuple(log[:4])),
        alternative("sgd", (0.012, 0.008, 0.016), None, title="SGD (mini-batch)", rates=(1e-3, 0.1, 0.7)),
        alternative("single_sgd", (0.02, 0.01, 0.03), None, title="SGD (single example)", rates=(1e-5, 1e-3, 1e-2)),
        alternative("keras", (0.05, 0.04, 0.06), None, title="Adadelta at Keras's default rate 0.001", rates=()),
        broken("gradient_descent", title="gradient descent (full batch)"),
        configured="adadelta",
    )  # fmt: skip


def evil() -> Row:
    """A comparison whose every text tries to run a script."""
    names = [f"{EVIL[i % 4]}{i}" for i in range(6)]
    rows = [
        alternative(name, (0.01 * i, 0.01 * i - 0.02, 0.05), title=name, reference=EVIL[1], settings={EVIL[2]: EVIL[3]})
        for i, name in enumerate(names)
    ]
    rows[0]["trials"].append(trial({RATE: 1.0, EVIL[0]: EVIL[1]}, None) | {"error": EVIL[2]})
    return result(*rows, broken("lost", EVIL[0], title=EVIL[3]), preset=EVIL[0], configured=names[5])
