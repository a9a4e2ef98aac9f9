"""What a card is told of its models, whose every name tries to run a script."""

from explain.card import CardFacts, Layer, ModelFacts
from explain.card.facts import ENCODER
from tests.explain.results import EVIL

FACTS = CardFacts(
    (ModelFacts(EVIL[0], (Layer(EVIL[1], "Dense", "4", 8), Layer("encoder", ENCODER, "9", 0)), 8, 6, 2048),), 3, EVIL[2]
)
