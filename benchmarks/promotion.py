"""How often a challenger is promoted that is no better, and how often one that is.

    python -m benchmarks.promotion [--quick] [--repeats N]

The demo shop's sessions are the population, so that every model's true AUC is known. Windows of sessions are drawn
from it, and `judge` decides on each as `retrain` would, beside the rule that promotes whatever scores higher. A
challenger that is kept is heard again with another window, by the sessions of both. Pairs of models: the same one
twice; two of equal AUC that err on different sessions; the project's network trained on the same examples from two
seeds (promoted although not truly better counts as false); and challengers truly better by 0.005, 0.01 and 0.02.
Targets: of the models that are no better, no more than 5% are promoted at either hearing.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit
from sklearn.metrics import roc_auc_score

from benchmarks.harness import Target, finish
from data.config import DemoConfig
from data.demo import simulate, truth
from data.examples import Examples
from data.feature import Feature
from models.abandonment import predict
from models.config import AbandonmentConfig, RetrainConfig
from models.promotion.challenge import judge
from models.promotion.verdict import Verdict
from models.training import train_abandonment

Floats = npt.NDArray[np.float64]
POINTS = (0, 1, 2, 3, 5, 10)
GAINS = (0.005, 0.01, 0.02)
SHARED, OWN = 0.4, 0.75
"""Standard deviations of a model's error in log-odds, by session: what both models share, and the champion's own."""

TARGETS = (
    Target("identical_promoted", "<=", 0.0),
    Target("equal_promoted", "<=", 0.05),
    Target("trained_falsely_promoted", "<=", 0.05),
)


@dataclass(frozen=True)
class Population:
    """Sessions to draw windows from."""

    examples: Examples
    """Their decision points, those of one session together."""

    starts: npt.NDArray[np.int64]
    """(c + 1,) first row of each session, then n."""

    true_log_odds: Floats
    """(n,) of abandonment."""

    @classmethod
    def simulated(cls, sessions: int, seed: int) -> "Population":
        """The carts of a demo shop, with the causes' values as features."""
        known = simulate(DemoConfig(sessions=sessions, seed=seed)).truth.sort_values(["visitor_id", "ts"])
        session = (known["decision_point"] == 0).cumsum()
        known = known.assign(session=session)[known["decision_point"].isin(POINTS)].reset_index(drop=True)
        features = pd.DataFrame({name: known[f"value_{name}"].astype("float32") for name in truth.NAMES})
        keys = pd.DataFrame({
            "session_id": known["session"].astype(str),
            "visitor_id": known["visitor_id"],
            "decision_point": known["decision_point"].astype("Int32"),
            "ts": known["ts"],
        })  # fmt: skip
        specs = tuple(Feature(cause.name, cause.title, "session") for cause in truth.CAUSES)
        examples = Examples(keys, features, known["abandoned"].to_numpy(np.int8), specs)
        starts = np.flatnonzero(np.diff(known["session"].to_numpy(), prepend=-1))
        return cls(examples, np.append(starts, len(known)), logit(known["p_abandon"].to_numpy()))

    @property
    def sessions(self) -> int:
        """How many there are."""
        return len(self.starts) - 1

    def by_session(self, values: Floats) -> Floats:
        """(n,) of values (c,)."""
        return np.repeat(values, np.diff(self.starts))

    def auc(self, scores: Floats) -> float:
        """The true AUC of (n,) scores."""
        return float(roc_auc_score(self.examples.abandoned, scores))

    def windows(self, count: int, size: int, seed: int | tuple[int, ...]) -> Iterator["Window"]:
        """Windows of `size` sessions, drawn with replacement and each a session of its own."""
        rng = np.random.default_rng(seed)
        for _ in range(count):
            drawn = rng.integers(0, self.sessions, size)
            lengths = np.diff(self.starts)[drawn]
            offsets = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
            rows = np.repeat(self.starts[drawn], lengths) + offsets
            yield Window(rows, np.repeat(np.arange(size), lengths))


@dataclass(frozen=True)
class Window:
    """Sessions drawn from the population."""

    rows: npt.NDArray[np.int64]
    """(m,) rows of the population."""

    sessions: npt.NDArray[np.int64]
    """(m,) session of each, from 0."""

    def examples(self, population: Population) -> Examples:
        """What happened in them."""
        found = population.examples.take(self.rows)
        found.keys["session_id"] = self.sessions.astype(str)
        return found

    def and_then(self, other: "Window") -> "Window":
        """Both, this one first."""
        later = other.sessions + self.sessions.max() + 1
        return Window(np.concatenate([self.rows, other.rows]), np.concatenate([self.sessions, later]))


def erring(population: Population, seed: int) -> tuple[Floats, dict[float, Floats]]:
    """A champion, and challengers whose true AUC is above its own by 0 and by each of `GAINS`."""
    rng = np.random.default_rng(seed)
    shared, old, new = (population.by_session(rng.normal(size=population.sessions)) for _ in range(3))
    base = population.true_log_odds + SHARED * shared
    champion = base + OWN * old

    def gain(sigma: float, wanted: float) -> float:
        return population.auc(base + sigma * new) - population.auc(champion) - wanted

    wanted = (0.0, *GAINS)
    return expit(champion), {one: expit(base + brentq(gain, 0.0, 3 * OWN, (one,)) * new) for one in wanted}


def trained(population: Population, seeds: int, sessions: int) -> list[Floats]:
    """The probabilities of the project's network, trained on the same examples from several seeds."""
    train, validation = (Population.simulated(size, 100 + size).examples for size in (sessions, sessions // 3))
    models = [train_abandonment(train, validation, AbandonmentConfig(epochs=12), seed).model for seed in range(seeds)]
    return [predict(model, population.examples) for model in models]


def decide(
    population: Population, pairs: list[tuple[Floats, Floats]], repeats: int, size: int, seed: int
) -> dict[str, npt.NDArray[np.bool_]]:
    """What is promoted on each window, (repeats,) each: by `judge` at once and at either hearing, and by the rule that
    takes the higher score (`naive`); pairs take turns."""
    found: dict[str, list[bool]] = {"at_once": [], "promoted": [], "naive": []}
    windows = zip(population.windows(repeats, size, seed), population.windows(repeats, size, (seed, 1)), strict=True)
    for turn, (window, another) in enumerate(windows):
        pair = pairs[turn % len(pairs)]
        first, both = _hear(population, pair, window, turn), window.and_then(another)
        newest = np.arange(len(both.rows)) >= len(window.rows)
        found["at_once"].append(first.promote)
        found["promoted"].append(first.promote or _hear(population, pair, both, turn, newest).promote)
        found["naive"].append(first.evidence["differences"]["auc"][0] > 0)
    return {name: np.array(values) for name, values in found.items()}


def _hear(
    population: Population, pair: tuple[Floats, Floats], window: Window, seed: int,
    newest: npt.NDArray[np.bool_] | None = None,
) -> Verdict:  # fmt: skip
    champion, challenger = (scores[window.rows] for scores in pair)
    return judge(champion, challenger, window.examples(population), RetrainConfig(), seed, newest=newest)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a form of about a minute")
    parser.add_argument("--repeats", type=int, default=200, help="windows for each pair of models")
    parser.add_argument("--sessions", type=int, default=1_000, help="cart sessions of a window")
    arguments = parser.parse_args()
    repeats = 40 if arguments.quick else arguments.repeats
    population = Population.simulated(20_000 if arguments.quick else 60_000, 0)
    champion, challengers = erring(population, 1)
    networks = trained(population, 2 if arguments.quick else 4, 3_000 if arguments.quick else 9_000)
    ordered = [(one, other) for one in networks for other in networks if one is not other]
    rows = {"identical": [(champion, champion)], "equal": [(champion, challengers[0.0])], "trained": ordered}
    rows |= {f"better_by_{gain:g}": [(champion, challengers[gain])] for gain in GAINS}
    figures = {"sessions": float(arguments.sessions), "repeats": float(repeats)}
    print(f"{'challenger':16s} {'true gain':>20s} {'at once':>10s} {'promoted':>10s} {'naive rule':>10s}")
    for place, (name, pairs) in enumerate(rows.items()):
        count = 20 if name == "identical" else repeats
        found = decide(population, pairs, count, arguments.sessions, place)
        gains = [population.auc(new) - population.auc(old) for old, new in pairs]
        shares = {rule: float(made.mean()) for rule, made in found.items()}
        figures |= {f"{name}_{rule}": share for rule, share in shares.items()}
        if name == "trained":
            no_better = np.array([gains[turn % len(pairs)] <= 0 for turn in range(count)])
            figures |= {f"trained_falsely_{rule}": float((made & no_better).mean()) for rule, made in found.items()}
        span = f"{min(gains):+.4f} to {max(gains):+.4f}"
        print(f"{name:16s} {span:>20s} " + " ".join(f"{share:10.3f}" for share in shares.values()), flush=True)
    finish("promotion", figures, TARGETS)


if __name__ == "__main__":
    main()
