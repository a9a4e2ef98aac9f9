"""The model card: what a model is, how good it is and for whom, when not to use it, and whom to ask."""

from explain.card.facts import CardFacts, Layer, ModelFacts, model_facts
from explain.card.page import write_model_card

__all__ = ["CardFacts", "Layer", "ModelFacts", "model_facts", "write_model_card"]
