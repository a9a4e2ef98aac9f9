"""The settings of `schedule`."""

from typing import Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, field_validator, model_validator

from data.errors import InputError
from data.strict import StrictModel
from pipeline.scheduling.cron import parse_cron


class ScheduleConfig(StrictModel):
    """When `schedule` starts what, and who is told. No stage depends on it."""

    cron: str = "0 4 * * 1"
    """When to start: minute, hour, day of the month, month, day of the week (0 or 7 is Sunday)."""

    timezone: str = "UTC"
    """IANA time zone of `cron`, such as Europe/Berlin. A time that the clock leaps over in spring comes up at the end
    of the leap; one that comes twice in autumn comes up once, unless `cron` takes every hour."""

    command: str = "retrain"
    """What to start: a command of the pipeline with arguments of its own; `--config`, `--workdir` and the like are
    handed on to it."""

    retries: NonNegativeInt = 2
    """How often to try again after a failure. Refused data are no failure: trying again changes nothing."""

    backoff_seconds: PositiveFloat = 60.0
    """How long to wait before the first retry; twice as long before each one more."""

    timeout_minutes: float | None = Field(default=None, gt=0.0, le=525_600.0)
    """How long one try may take before it is ended and counts as failed; no limit where not set. Several times what a
    good run takes is a fair choice: it is there for a command that hangs."""

    misfire_grace_seconds: PositiveInt | None = None
    """How late a run may begin that came up while no scheduler was running; no limit where not set. Several that were
    missed are made up for by one."""

    stop_seconds: PositiveFloat = 60.0
    """How long a command may take to end when the scheduler is stopped or the time is up, before it is killed."""

    keep_runs: PositiveInt = 50
    """How many runs to remember, with their logs."""

    notify_command: tuple[str, ...] = ()
    """Program and arguments to start when a run has failed or its data were refused. It gets JSON on its standard input
    and PIPELINE_* environment variables; no shell is involved."""

    notify_webhook: str | None = None
    """Address that the same JSON is posted to."""

    notify_promotion: bool = False
    """Whether a new champion is told as well."""

    notify_seconds: PositiveFloat = 30.0
    """How long a notification may take."""

    notify_again_minutes: PositiveFloat = 10.0
    """How long to wait before what could not be told is tried again; it is as well after each run, and at a start."""

    image: str = "retail-pipeline:latest"
    """Container image of this checkout, for `--print kubernetes`."""

    @field_validator("cron")
    @classmethod
    def _check_cron(cls, value: str) -> str:
        parse_cron(value)
        return value

    @field_validator("timezone")
    @classmethod
    def _check_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise InputError(_wrong_zone(value)) from None
        return value

    @field_validator("notify_webhook")
    @classmethod
    def _check_webhook(cls, value: str | None) -> str | None:
        if value is not None and not _is_address(value):
            raise InputError(f"`schedule.notify_webhook` should be an http or https address. Received: {value}")
        return value

    @model_validator(mode="after")
    def _check_promotion(self) -> Self:
        if self.notify_promotion and not (self.notify_command or self.notify_webhook):
            raise InputError(
                "`schedule.notify_promotion` needs `schedule.notify_command` or `schedule.notify_webhook`. "
                "Received: neither"
            )
        return self


def _wrong_zone(value: str) -> str:
    import difflib

    close = difflib.get_close_matches(value, available_timezones(), n=1, cutoff=0.6)
    nearest = f" Did you mean {close[0]}?" if close else ""
    return f"`schedule.timezone` should be an IANA time zone, such as Europe/Berlin. Received: {value}.{nearest}"


def _is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and " " not in value
    except ValueError:  # a port that is none
        return False
