"""When a cron expression comes up in a time zone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

from pipeline.scheduling.config import ScheduleConfig
from pipeline.scheduling.cron import WEEKDAYS, Cron, parse_cron

TICK = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)


class ClockTrigger(BaseTrigger):
    """Cron's own behaviour where clocks are changed, which APScheduler's trigger does not have.

    A time that the clock leaps over comes up at the end of the leap, and times that come twice come up once: as Vixie's
    cron does it. An expression of every hour goes by elapsed time, with neither a gap nor a pause.
    """

    def __init__(self, cron: Cron, zone: ZoneInfo) -> None:
        """Come up when `cron` does in `zone`."""
        self.cron, self.zone = cron, zone
        self._elapsed = len(cron.hours) == 24
        # A clock without changes, if it may not be the zone's own: UTC.
        self._calendar = _calendar(cron, zone if self._elapsed else UTC)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """The first time after the previous one, or from `now` on where there was none."""
        start = now.astimezone(UTC) if previous_fire_time is None else previous_fire_time.astimezone(UTC) + TICK
        found: datetime | None
        if self._elapsed:
            found = self._calendar.get_next_fire_time(None, start)
            return found
        wall = start.astimezone(self.zone).replace(tzinfo=UTC, fold=0)
        while (found := self._calendar.get_next_fire_time(None, wall)) is not None:
            moment = _moment(found.replace(tzinfo=None), self.zone)
            if moment.astimezone(UTC) >= start:
                return moment
            wall = found + TICK  # the first of two passes of the same hour is over
        return None

    def __str__(self) -> str:
        return f"{self.cron} {self.zone.key}"


def clock_of(settings: ScheduleConfig) -> ClockTrigger:
    """The trigger that the settings ask for."""
    return ClockTrigger(parse_cron(settings.cron), ZoneInfo(settings.timezone))


def next_times(trigger: BaseTrigger, now: datetime) -> Iterator[datetime]:
    """The times a trigger comes up from `now` on, in the zone of the trigger."""
    moment = trigger.get_next_fire_time(None, now)
    while moment is not None:
        yield moment
        moment = trigger.get_next_fire_time(moment, moment)


def _calendar(cron: Cron, zone: object) -> BaseTrigger:
    times = {
        "second": "0",
        "minute": _listed(cron.minutes),
        "hour": _listed(cron.hours),
        "month": _listed(cron.months),
        "timezone": zone,
    }
    days = {"day": _listed(cron.days)}
    # By name: APScheduler's numbers begin with Monday.
    weekdays = {"day_of_week": ",".join(WEEKDAYS[day] for day in cron.weekdays)}
    if cron.either:
        return OrTrigger([CronTrigger(**times, **days), CronTrigger(**times, **weekdays)])
    return CronTrigger(**times, **days, **weekdays)


def _listed(values: tuple[int, ...]) -> str:
    return ",".join(map(str, values))


def _moment(wall: datetime, zone: ZoneInfo) -> datetime:
    moment = wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    if moment.replace(tzinfo=None) == wall:
        return moment
    # Leapt over: read with the old offset it lies behind the leap by as much as it lay after its beginning.
    while (before := (moment.astimezone(UTC) - MINUTE).astimezone(zone)).utcoffset() == moment.utcoffset():
        moment = before
    return moment
