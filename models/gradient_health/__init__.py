"""What the gradients of a training do, what of it is ill, and which settings help."""

from models.gradient_health.diagnosis import Finding, diagnose
from models.gradient_health.remedies import remedies
from models.gradient_health.watch import GradientWatch, LayerHealth, WatchedEpochs
from models.gradient_health.wording import sentences

__all__ = ["Finding", "GradientWatch", "LayerHealth", "WatchedEpochs", "diagnose", "remedies", "sentences"]
