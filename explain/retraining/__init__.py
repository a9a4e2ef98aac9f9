"""The page of a retrain."""

from explain.retraining.page import write_retraining

__all__ = ["write_retraining"]
