"""Runs, trials and models in MLflow. Nothing else but `pipeline.store` talks to it."""

from pipeline.tracking.afterwards import log_afterwards
from pipeline.tracking.entities import Dataset, LoggedModel
from pipeline.tracking.nested import NestedRun, NestedRuns
from pipeline.tracking.registry import fetch_model, register
from pipeline.tracking.tracker import Tracker, read_tracking

__all__ = [
    "Dataset",
    "LoggedModel",
    "NestedRun",
    "NestedRuns",
    "Tracker",
    "fetch_model",
    "log_afterwards",
    "read_tracking",
    "register",
]
