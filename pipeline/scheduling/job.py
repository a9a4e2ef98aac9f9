"""What is started: a command of the pipeline, checked before the clock runs."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import typer
from typer.core import TyperGroup, TyperOption
from typer.exceptions import TyperException

from data.errors import InputError
from pipeline.scheduling.config import ScheduleConfig

ENDLESS = ("schedule", "serve", "ui")


@dataclass(frozen=True)
class Job:
    """A command line and when and where it is started."""

    command: tuple[str, ...]
    """Program and arguments."""

    workdir: Path
    settings: ScheduleConfig

    @property
    def name(self) -> str:
        """The command in a few words, as it was given."""
        return shlex.join(self.command[3:] if self.command[1:3] == ("-m", "pipeline") else self.command)

    def at(self, moment: datetime) -> str:
        """A moment as the clock of the schedule shows it."""
        return f"{moment.astimezone(ZoneInfo(self.settings.timezone)):%a %d %b %Y %H:%M %Z}"

    @property
    def folder(self) -> Path:
        """Where the schedule keeps what it has to remember."""
        return self.workdir / "schedule"


def command_line(commands: TyperGroup, text: str, given: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Program and arguments that start a command of the pipeline.

    Args:
        commands: the commands there are.
        text: name of one, with arguments of its own, quoted as for a shell.
        given: values of options to hand on to a command that has them, by the option's name.

    Raises:
        InputError: no such command, one that does not end by itself, or arguments that it does not take.
    """
    name, *own = _words(text)
    possible = [one for one in commands.commands if one not in ENDLESS]
    if name not in possible:
        raise InputError(
            f"`schedule.command` should begin with a command that ends by itself: {', '.join(possible)}. "
            f"Received: {name}"
        )
    command = commands.commands[name]
    options = [param for param in command.params if isinstance(param, TyperOption) and param.name in given]
    handed_on = [word for option in options for value in given[str(option.name)] for word in (option.opts[0], value)]
    try:
        command.make_context(name, [*handed_on, *own])
    except TyperException as error:
        why = error.format_message()
        raise InputError(f"`schedule.command` should be a command that can be run. Received: {text} ({why})") from None
    except typer.Exit:
        raise InputError(f"`schedule.command` should do something. Received: {text}") from None
    _check_printable([*handed_on, *own])
    return (sys.executable, "-m", "pipeline", name, *handed_on, *own)


def _words(text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InputError(f"`schedule.command` should be quoted as for a shell. Received: {text} ({error})") from None
    if not words:
        raise InputError("`schedule.command` should be a command. Received: nothing")
    return words


def _check_printable(words: Sequence[str]) -> None:
    strange = next((word for word in words if not word.isprintable()), None)
    if strange is not None:
        raise InputError(f"What `schedule` starts should be words that can be printed. Received: {strange!r}")
