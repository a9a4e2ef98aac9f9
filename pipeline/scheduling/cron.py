"""Cron expressions, as cron(8) of Vixie reads them: Sunday is 0 or 7, and two kinds of day are alternatives."""

import re
from dataclasses import dataclass

from data.errors import InputError

ELEMENT = re.compile(r"(?P<all>\*)|(?P<first>[0-9a-z]+)(-(?P<last>[0-9a-z]+))?", re.ASCII)
LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


@dataclass(frozen=True)
class Field:
    """One of the five parts of an expression."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()


FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of the month", 1, 31),
    Field("month", 1, 12, MONTHS),
    Field("day of the week", 0, 7, WEEKDAYS),
)


@dataclass(frozen=True)
class Cron:
    """The times an expression stands for, each part sorted and without repetition.

    Where both `days` and `weekdays` leave something out, a day of either kind counts; otherwise it has to be of both.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    """0 is Sunday."""

    @property
    def either(self) -> bool:
        """Whether a day may be of either kind."""
        return len(self.days) < 31 and len(self.weekdays) < 7

    def __str__(self) -> str:
        """The same times as an expression of numbers, lists and ranges, which every cron reads alike."""
        parts = (self.minutes, self.hours, self.days, self.months, self.weekdays)
        return " ".join(_written(part, *limits) for part, limits in zip(parts, _LIMITS, strict=True))


_LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))


def parse_cron(text: str) -> Cron:
    """Read an expression of five fields: minute, hour, day of the month, month, day of the week.

    Args:
        text: numbers, `*`, ranges `a-b`, steps `*/n` and `a-b/n`, lists of these; English names of months and weekdays.

    Raises:
        InputError: no such expression, one that crons read differently, or a day that no year has.
    """
    parts = text.lower().split()
    if len(parts) != len(FIELDS):
        names = ", ".join(field.name for field in FIELDS)
        raise InputError(
            f'`schedule.cron` should be five fields: {names}; "0 4 * * 1" is Mondays at 04:00. '
            f'Received: "{text}", which has {len(parts)}'
        )
    minutes, hours, days, months, weekdays = (
        _values(part, field, text) for part, field in zip(parts, FIELDS, strict=True)
    )
    weekdays = {day % 7 for day in weekdays}
    _check_steps(parts[2], parts[4], text)
    if "*" not in (parts[2], parts[4]) and (len(days) == 31 or len(weekdays) == 7):
        days, weekdays = set(range(1, 32)), set(range(7))  # any day is a day of one of two kinds
    cron = Cron(*(tuple(sorted(part)) for part in (minutes, hours, days, months, weekdays)))
    if not cron.either and all(cron.days[0] > LONGEST_MONTHS[month - 1] for month in cron.months):
        raise InputError(f'`schedule.cron` should name a day that some year has. Received: "{text}"')
    return cron


def _values(part: str, field: Field, text: str) -> set[int]:
    values: set[int] = set()
    for element in part.split(","):
        span, slash, step = element.partition("/")
        found = ELEMENT.fullmatch(span)
        if not found or (slash and not re.fullmatch("[1-9][0-9]*", step, re.ASCII)):
            raise _wrong(element, field, text)
        if found["all"]:
            first, last = field.low, field.high
        else:
            first = _number(found["first"], field, text)
            last = _number(found["last"], field, text) if found["last"] else first
            if last < first:
                raise _wrong(element, field, text)
            if slash and not found["last"]:
                raise InputError(
                    f"`schedule.cron` should give a step a range: {first}-{field.high}/{step}. "
                    f'Received: {element} in "{text}", which crons read differently'
                )
        values.update(range(first, last + 1, int(step or 1)))
    return values


def _number(word: str, field: Field, text: str) -> int:
    if word in field.names:
        return field.names.index(word) + field.low
    if word.isdecimal() and len(word) < 4 and field.low <= int(word) <= field.high:
        return int(word)
    raise _wrong(word, field, text)


def _wrong(received: str, field: Field, text: str) -> InputError:
    names = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
    article = "an" if field.name == "hour" else "a"
    return InputError(
        f"`schedule.cron` should have {article} {field.name} from {field.low} to {field.high}{names}: a number, *, "
        f'a rising range a-b, steps */n or a-b/n, or a list of these. Received: {received} in "{text}"'
    )


def _check_steps(days: str, weekdays: str, text: str) -> None:
    if "*" not in (days, weekdays) and "*" in days + weekdays:
        raise InputError(
            "`schedule.cron` should list the days where it names days of the month and of the week: crons read * with "
            f'a step differently there. Received: "{text}"'
        )


def _written(values: tuple[int, ...], low: int, high: int) -> str:
    if len(values) == high - low + 1:
        return "*"
    runs: list[list[int]] = []
    for value in values:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(map(str, run)) for run in runs)
