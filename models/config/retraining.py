"""Configuration of retraining: what a challenger learns from, and what it must show to become the champion."""

from typing import Self

from pydantic import Field, PositiveInt, model_validator

from data.config import NewDataConfig
from data.errors import InputError
from data.strict import StrictModel


class RetrainConfig(StrictModel):
    """When a challenger replaces the champion, and what counts as drift. No stage of `run` depends on it."""

    window_days: int | None = Field(default=None, ge=1, le=36_500)
    """Days of the log, back from its newest event, that the challenger learns from; all of it where not set."""

    judged_share: float = Field(default=0.5, gt=0.0, le=1.0)
    """Share of the new events, the latest of them, whose sessions champion and challenger are judged on; the challenger
    learns from what lies before. More shows smaller gains; less lets it learn sooner what has changed."""

    margin: float = Field(default=0.0, ge=0.0, lt=0.5)
    """Gain in AUC that the lower end of the interval has to be above before the abandonment model is replaced."""

    log_loss_margin: float = Field(default=0.01, ge=0.0)
    """Fall in log loss, in nats, that the whole interval has to lie beyond for an abandonment model to be replaced by
    one that ranks no worse but not surely better: after a turn of season every predicted risk may be wrong."""

    recommender_margin: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Gain in recall that the lower end of the interval has to be above before the recommender is replaced."""

    confidence: float = Field(default=0.95, ge=0.5, lt=1.0)
    """Level of the two-sided intervals. At 0.95, at most one in forty challengers that are no better is promoted at
    once, and one in eighty of those of the abandonment model when they are heard again, at 0.975."""

    resamples: int = Field(default=1_000, ge=100)
    """Bootstrap resamples (of whole sessions) behind each interval."""

    max_ece_rise: float = Field(default=0.02, ge=0.0, le=1.0)
    """Most by which a challenger's expected calibration error may be above the champion's, unless its log loss is
    surely below: nudges are decided by the probabilities themselves, which a better AUC says nothing about."""

    max_slice_fall: float = Field(default=0.02, ge=0.0, le=1.0)
    """Fall in AUC (of the recommender: in recall) that no slice may have for sure: a slice whose interval lies wholly
    below it keeps the champion."""

    min_sessions: PositiveInt = 200
    """Sessions to judge on below which nothing is decided and the champion stays."""

    psi_warning: float = Field(default=0.1, gt=0.0)
    """Population stability index from which a feature is reported as drifting."""

    psi_alert: float = Field(default=0.25, gt=0.0)
    """Population stability index from which a feature has drifted so far that somebody should look."""

    tune: bool = False
    """Search for the challenger's settings as `tune` says; without it the champion's best settings are trained."""

    data: NewDataConfig = NewDataConfig()
    """What a new part of the log is held to before anything is trained on it."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.psi_alert <= self.psi_warning:
            raise InputError(
                f"`retrain.psi_alert` should be above `retrain.psi_warning`, {self.psi_warning:g}. "
                f"Received: {self.psi_alert:g}"
            )
        return self
