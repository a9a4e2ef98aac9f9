"""From a model and its split examples to what is said of the model as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras

from data.examples import Examples
from explain.attributing.adapter import compiled
from explain.attributing.attribution import background_sample, parts_of
from explain.attributing.explanations import Explanations
from explain.attributing.lookup import Floats, Matrix
from explain.attributing.ranking import strongest
from explain.config import ExplainConfig
from explain.whole.board import Board, make_board
from explain.whole.interactions import Interactions, interactions
from explain.whole.parts import Parts, ablate
from explain.whole.regression import fit_regression
from explain.whole.related import Related, related
from explain.whole.results import Whole
from explain.whole.shapes import shapes
from explain.whole.stand_ins import Regression, StandIns, Tree, fidelity, joined
from explain.whole.tree import fit_tree
from models.abandonment import encode

CELLS = 7  # values on a side of a surface


@dataclass(frozen=True)
class Sides:
    """The split examples, at least one a side and test labels of both classes."""

    train: Examples
    validation: Examples
    test: Examples


class Network:
    """The model taken apart: examples → encoded → log-odds, by one function that is traced once."""

    def __init__(self, model: keras.Model, examples: Examples):
        parts = parts_of(model, examples.specs)
        self.columns, self.log_odds, self._model = parts.columns, compiled(parts.log_odds), model

    def encode(self, examples: Examples) -> Matrix:
        """Float32 (n, D)."""
        return encode(self._model, examples)

    def of(self, examples: Examples) -> Floats:
        """(n,) log-odds."""
        return self.log_odds(self.encode(examples))

    def board(self, examples: Examples, features: Sequence[int], points: int) -> Board:
        """The examples with grids of some features."""
        return make_board(examples, self.encode, self.columns, self.log_odds, features, points)


def explain_whole(
    model: keras.Model, sides: Sides, found: Explanations, threshold: float, config: ExplainConfig, seed: int
) -> Whole:
    """Shapes, interactions, features that go together, stand-ins and parts.

    Args:
        model: abandonment model.
        sides: its split examples.
        found: SHAP values, which say which features are the strongest, and the importance of single features.
        threshold: predicted risk from which a cart is nudged; 1 is "nobody".
        config: sample sizes and limits.
        seed: of all samples and resamples.
    """
    network = Network(model, sides.test)
    features = [int(f) for f in strongest(found.attributions)[: config.shape_features]]
    sample = background_sample(sides.test, config.shape_rows, seed)
    held = background_sample(sides.test, config.permutation_rows, seed)
    go_together = related(
        network.encode(held), network.columns, network.log_odds, sides.train, held,
        config.correlated, config.permutation_repeats, seed, found.importance,
    )  # fmt: skip
    return Whole(
        shapes=shapes(network.board(sample, features, config.shape_points), seed),
        interactions=_interactions(network, sample, features, config, seed),
        related=go_together,
        stand_ins=_stand_ins(network, sides, held, threshold, config, seed),
        parts=_parts(network, sides, go_together, config, seed),
    )


def _interactions(
    network: Network, sample: Examples, features: list[int], config: ExplainConfig, seed: int
) -> Interactions:
    few = background_sample(sample, config.interaction_rows, seed)
    fine = network.board(sample, features, CELLS)
    return interactions(network.board(few, (), 2), features, fine, config.interaction_floor)


def _stand_ins(
    network: Network, sides: Sides, held: Examples, threshold: float, config: ExplainConfig, seed: int
) -> StandIns:
    known = background_sample(joined((sides.train, sides.validation)), config.stand_in_rows, seed)
    learnt, truth = network.of(known), network.of(held)
    # Where nobody is nudged there are no two sides to agree on.
    edge = threshold if threshold < 1 else 0.5
    added, terms = fit_regression(known, learnt, held)
    divided, root = fit_tree(known, learnt, held, seed)
    return StandIns(
        regression=Regression(fidelity(added, truth, held, edge, seed), terms),
        tree=Tree(fidelity(divided, truth, held, edge, seed), root),
        threshold=edge,
        min_fidelity=config.min_fidelity,
        fitted=len(known),
        tested=len(held),
    )


def _parts(network: Network, sides: Sides, go_together: Related, config: ExplainConfig, seed: int) -> Parts:
    held = background_sample(sides.test, config.ablation_rows, seed)
    background = background_sample(sides.train, config.ablation_background, seed)
    return ablate(
        network.encode(held), network.encode(background), network.columns, network.log_odds, held,
        groups_of(held, go_together), seed,
    )  # fmt: skip


def groups_of(examples: Examples, go_together: Related) -> dict[str, tuple[str, ...]]:
    """Name → features: the families that the features name, or else those that go together.

    The features of a table all name the same family, which would say nothing.
    """
    families = list(dict.fromkeys(spec.group for spec in examples.specs))
    if len(families) > 1:
        return {family: tuple(spec.name for spec in examples.specs if spec.group == family) for family in families}
    return {" + ".join(group.members): group.members for group in go_together.groups}
