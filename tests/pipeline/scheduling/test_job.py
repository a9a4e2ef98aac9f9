"""What is started is checked before the clock runs."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer

from data.errors import InputError
from pipeline.cli import app
from pipeline.commands.schedule import make_job
from pipeline.config import load_config, settings_digest, settings_of
from pipeline.runner import CONFIG
from pipeline.scheduling.job import command_line

COMMANDS = typer.main.get_group(app)
GIVEN: dict[str, Sequence[str]] = {
    "preset": ["demo"], "config": [], "input": ["my log.csv"], "set": ["seed=1", "tune.trials=2"], "workdir": ["w"],
}  # fmt: skip


def words(text: str) -> tuple[str, ...]:
    return command_line(COMMANDS, text, GIVEN)


def test_options_are_handed_on_to_a_command_that_has_them() -> None:
    assert words("run") == (
        sys.executable, "-m", "pipeline", "run", "--preset", "demo", "--input", "my log.csv",
        "--set", "seed=1", "--set", "tune.trials=2", "--workdir", "w",
    )  # fmt: skip
    assert words("doctor")[3:] == ("doctor",)


def test_arguments_of_its_own_come_last_and_may_be_quoted() -> None:
    told = words("score 'fresh log.csv' -o rescue.csv --workdir other")
    assert told[3:] == ("score", "--workdir", "w", "fresh log.csv", "-o", "rescue.csv", "--workdir", "other")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("retrian", ["begin with a command that ends by itself", "run, plan", "Received: retrian"]),
        ("serve", ["that ends by itself"]),
        ("schedule", ["that ends by itself"]),
        ("/bin/rm -rf /", ["that ends by itself"]),
        ("run; rm -rf /", ["that ends by itself", "Received: run;"]),
        ("score", ["Missing argument"]),
        ("run --nonsense", ["No such option"]),
        ("run extra", ["unexpected extra argument"]),
        ("run --help", ["should do something"]),
        ("run 'x", ["quoted as for a shell", "No closing quotation"]),
        ("", ["should be a command. Received: nothing"]),
        ("run --set 'a=\n1'", ["can be printed"]),
    ],
)
def test_what_cannot_be_started_is_named(text: str, parts: list[str]) -> None:
    with pytest.raises(InputError) as error:
        words(text)
    assert all(part in str(error.value) for part in parts), str(error.value)


def test_settings_of_the_schedule_are_not_handed_on(tmp_path: Path) -> None:
    settings = ["schedule.command=plan", "seed=3", "schedule.notify_webhook=https://example.org/secret"]
    job = make_job(COMMANDS, None, None, None, settings, tmp_path)
    assert job.command[3:] == ("plan", "--set", "seed=3", "--workdir", str(tmp_path))
    assert job.settings.notify_webhook == "https://example.org/secret"


@pytest.mark.parametrize(
    ("setting", "parts"),
    [
        ("cron=0 4 * * 9", ["`schedule.cron`", "day of the week"]),
        ("timezone=Europe/Berln", ["IANA time zone", "Did you mean Europe/Berlin?"]),
        ("timezone=Europe", ["IANA time zone"]),
        ("timezone=../../etc/passwd", ["IANA time zone"]),
        ("notify_webhook=example.org/x", ["http or https address"]),
        ("notify_webhook=https://", ["http or https address"]),
        ("notify_webhook=https://example.org:port/", ["http or https address"]),
        ("notify_webhook=file:///etc/passwd", ["http or https address"]),
        ("notify_promotion=true", ["needs `schedule.notify_command` or `schedule.notify_webhook`"]),
        ("notify_command=mail me", ["`schedule.notify_command`", "a list"]),
        ("retries=-1", ["`schedule.retries`", "greater than or equal to 0"]),
        ("misfire_grace=1", ["not a setting", "misfire_grace_seconds"]),
    ],
)
def test_a_wrong_setting_is_named(setting: str, parts: list[str]) -> None:
    with pytest.raises(InputError) as error:
        load_config(None, None, [f"schedule.{setting}"])
    assert all(part in str(error.value) for part in parts), str(error.value)


def test_no_result_depends_on_the_schedule() -> None:
    plain, other = load_config(None, None), load_config(None, None, ['schedule.cron="1 1 * * *"'])
    assert settings_digest(plain) == settings_digest(other)
    assert not [key for key in settings_of(plain) if key.startswith("schedule")]
    assert "seed" in settings_of(plain)


def test_without_a_config_the_schedule_is_that_of_the_last_run(tmp_path: Path) -> None:
    config = load_config(None, None, ['schedule.cron="1 1 * * *"', "schedule.command=doctor"])
    (tmp_path / CONFIG).write_text(config.model_dump_json())
    assert make_job(COMMANDS, None, None, None, [], tmp_path).settings.cron == "1 1 * * *"
    assert make_job(COMMANDS, None, None, None, ['schedule.cron="2 2 * * *"'], tmp_path).settings.cron == "2 2 * * *"
    assert make_job(COMMANDS, "demo", None, None, ["schedule.command=plan"], tmp_path).settings.cron == "0 4 * * 1"
