"""Files for other schedulers, read by these schedulers' own tools."""

import ast
import getpass
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import kubernetes_validate
import pytest
import yaml

from data.errors import InputError
from pipeline.scheduling.clock import clock_of, next_times
from pipeline.scheduling.config import ScheduleConfig
from pipeline.scheduling.cron import parse_cron
from pipeline.scheduling.job import Job
from pipeline.scheduling.printing import files, on_calendar
from tests.pipeline.scheduling.jobs import alive, until

NASTY = "tracking.experiment=a \"b\" 'c' $HOME %h \\n ${X} $(Y) {{ z }} ü 🛒 # ; & \\"
CRONS = ("0 4 * * 1", "*/15 8-18 * * 1-5", "30 3 1,15 * 5", "0 0 29 2 *", "5 * * 1,7 *", "0 6 * * 7", "59 23 31 * *")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a 100% folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://mlflow.example.org/%7Eshop?a=$b")


def job(*words: str, workdir: Path = Path("/data/my work"), **settings: Any) -> Job:
    command = (shutil.which("python3") or "/usr/bin/python3", "-m", "pipeline", "run", *words)
    return Job(command, workdir, ScheduleConfig.model_validate({"timezone": "Europe/Berlin", **settings}))


def tool(name: str, hint: str) -> str:
    found = shutil.which(name)
    if not found:
        pytest.fail(f"This test needs {name}. Install it, for example: {hint}")
    return found


def written(made: Job, kind: str, folder: Path) -> list[Path]:
    paths = []
    for name, text in files(made, kind).items():
        paths.append(folder / name)
        paths[-1].write_text(text)
    return paths


@pytest.mark.parametrize("cron", CRONS)
@pytest.mark.parametrize("settings", [{"retries": 0}, {"retries": 2, "timeout_minutes": 90.5}])
def test_systemd_accepts_the_units(tmp_path: Path, cron: str, settings: dict[str, Any]) -> None:
    analyze = tool("systemd-analyze", "apt-get install systemd")
    service, timer = written(job("--set", NASTY, cron=cron, **settings), "systemd", tmp_path)
    done = subprocess.run([analyze, "verify", service, timer], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_systemd_notices_what_is_wrong(tmp_path: Path) -> None:
    analyze = tool("systemd-analyze", "apt-get install systemd")
    service, timer = written(job(), "systemd", tmp_path)
    timer.write_text(timer.read_text().replace("OnCalendar=", "OnCalender="))
    told = subprocess.run([analyze, "verify", service, timer], capture_output=True, text=True, check=False).stderr
    assert "OnCalender" in told


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("cron", CRONS)
def test_systemd_comes_up_at_the_same_times(cron: str, zone: str) -> None:
    analyze = tool("systemd-analyze", "apt-get install systemd")
    start = datetime(2026, 9, 1, 12, 1, tzinfo=UTC)
    settings = ScheduleConfig(cron=cron, timezone=zone)
    expected = [moment.astimezone(UTC) for moment in islice(next_times(clock_of(settings), start), 6)]
    found: set[datetime] = set()
    for line in on_calendar(parse_cron(cron), zone):
        told = subprocess.run(
            [analyze, "calendar", "--iterations=6", f"--base-time={start:%Y-%m-%d %H:%M:%S} UTC", line],
            capture_output=True, text=True, check=True, env={**os.environ, "TZ": "UTC", "LC_ALL": "C"},
        ).stdout  # fmt: skip
        stamps = re.findall(r"(?:Next elapse|Iter. #\d): \w+ (\S+ \S+) UTC", told)
        found |= {datetime.fromisoformat(f"{stamp}+00:00") for stamp in stamps}
    assert sorted(found)[:6] == expected


def test_a_unit_says_the_command_in_systemds_quotes() -> None:
    service, timer = files(job("--set", NASTY), "systemd").values()
    (line,) = [line for line in service.splitlines() if line.startswith("ExecStart=")]
    assert line.endswith(
        '"--set" "tracking.experiment=a \\"b\\" \'c\' $HOME %%h \\\\n ${X} $(Y) {{ z }} ü 🛒 # ; & \\\\"'
    )
    assert line.startswith('ExecStart=":/')  # no variables are filled in
    assert 'Environment="MLFLOW_TRACKING_URI=https://mlflow.example.org/%%7Eshop?a=$b"' in service
    assert "/a 100%% folder\n" in service
    assert f"User={getpass.getuser()}\n" in service
    assert "RestartPreventExitStatus=3" in service
    assert "Persistent=true" in timer


def test_a_unit_that_takes_too_long_is_ended() -> None:
    def times(**settings: Any) -> dict[str, str]:
        service = files(job(**settings), "systemd")["retail-run.service"]
        return dict(line.split("=", 1) for line in service.splitlines() if line.startswith("Timeout"))

    # `RuntimeMaxSec=` does not count for a oneshot unit, which is starting until it ends.
    assert times() == {"TimeoutStartSec": "infinity", "TimeoutStopSec": "60.0"}
    assert times(timeout_minutes=1.5, stop_seconds=5) == {"TimeoutStartSec": "90.0", "TimeoutStopSec": "5.0"}


@pytest.mark.parametrize("cron", CRONS)
def test_cron_accepts_the_line(tmp_path: Path, cron: str) -> None:
    crontab = tool("crontab", "apt-get install cron")
    (path,) = written(job("--set", NASTY, cron=cron, timeout_minutes=90.5), "cron", tmp_path)
    done = subprocess.run([crontab, "-n", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    path.write_text(path.read_text().replace("\n" + str(parse_cron(cron)), "\n99 99 * * *"))
    assert subprocess.run([crontab, "-n", path], capture_output=True, check=False).returncode != 0


def test_the_shell_gets_from_cron_what_was_meant(tmp_path: Path) -> None:
    show = "import json, os, sys; print(json.dumps([sys.argv[1:], os.environ['MLFLOW_TRACKING_URI'], os.getcwd()]))"
    for settings in (ScheduleConfig(), ScheduleConfig(timeout_minutes=90.5)):
        line = cron_line(Job(("python3", "-c", show, "--set", NASTY), tmp_path, settings))
        told = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=True).stdout
        assert json.loads(told) == [["--set", NASTY], "https://mlflow.example.org/%7Eshop?a=$b", str(Path.cwd())]


def cron_line(made: Job) -> str:
    """What cron hands to the shell."""
    (text,) = files(made, "cron").values()
    line = text.splitlines()[-1].split(" ", 5)[5]
    assert not re.search(r"(?<!\\)%", line)  # cron would end the command there
    return line.replace(r"\%", "%")


def test_what_cron_starts_is_killed_with_its_children_when_it_hangs(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"trap '' TERM; sleep 600 & echo $! $$ > {pids}; sleep 600"
    settings = ScheduleConfig(timeout_minutes=0.5 / 60, stop_seconds=0.3)
    line = cron_line(Job(("/bin/sh", "-c", script), tmp_path, settings))
    subprocess.run(["/bin/sh", "-c", line], check=False, timeout=60)
    until(lambda: not any(map(alive, map(int, pids.read_text().split()))))


def test_a_line_that_is_too_long_for_cron_is_refused() -> None:
    with pytest.raises(InputError, match="should be shorter for cron"):
        files(job("--set", "tracking.experiment=" + "x" * 1000), "cron")


def cron_job(settings: ScheduleConfig) -> dict[str, Any]:
    (text,) = files(replace(job("--set", NASTY), settings=settings), "kubernetes").values()
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@pytest.mark.parametrize(
    "settings", [{}, {"misfire_grace_seconds": 600, "retries": 0, "stop_seconds": 1.5, "timeout_minutes": 90.51}]
)
def test_kubernetes_accepts_the_cron_job(settings: dict[str, object]) -> None:
    found = cron_job(ScheduleConfig.model_validate(settings))
    kubernetes_validate.validate(found, "1.31", strict=True)
    found["spec"]["jobTemplate"]["spec"]["backoffLimt"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(found, "1.31", strict=True)


def test_a_cron_job_says_what_was_meant() -> None:
    found = cron_job(ScheduleConfig(cron="0 4 * * 7", timezone="Europe/Berlin", image="registry.example.org/shop:1"))
    spec = found["spec"]
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == ("0 4 * * 0", "Europe/Berlin", "Forbid")
    pod = spec["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    # Kubernetes makes one $ of two, and leaves $(Y) alone then.
    command = [word.replace("$$", "$") for word in container["command"]]
    assert command == ["python", "-m", "pipeline", "run", "--set", NASTY]
    assert not re.search(r"(?<!\$)\$\(", container["command"][-1])
    assert container["image"] == "registry.example.org/shop:1"
    assert container["volumeMounts"][0]["mountPath"] == "/data/my work"
    assert re.fullmatch("[a-z0-9-]{1,52}", found["metadata"]["name"])
    (rule,) = spec["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
    assert (rule["action"], rule["onExitCodes"]["values"], pod["restartPolicy"]) == ("FailJob", [3], "Never")
    assert "activeDeadlineSeconds" not in pod
    limited = cron_job(ScheduleConfig(timeout_minutes=0.51, stop_seconds=1.5))["spec"]["jobTemplate"]["spec"]
    # Of a pod, and so of one try; the job's own would count all tries together.
    assert "activeDeadlineSeconds" not in limited
    pod = limited["template"]["spec"]
    assert (pod["activeDeadlineSeconds"], pod["terminationGracePeriodSeconds"]) == (31, 2)


def test_kubernetes_needs_a_place_for_the_volume() -> None:
    with pytest.raises(InputError, match="absolute path for Kubernetes"):
        files(job(workdir=Path("work")), "kubernetes")


def test_an_airflow_dag_is_python_that_says_what_was_meant() -> None:
    """Airflow is not installed for tests (200 MB, an environment of its own): this reads the file as Python would."""
    settings: dict[str, Any] = {"cron": "0 4 * * 7", "retries": 1, "timeout_minutes": 90.5}
    (text,) = files(job("--set", NASTY, **settings), "airflow").values()
    compile(text, "dag.py", "exec")
    tree = ast.parse(text)
    constants = {
        target.id: ast.literal_eval(node.value)
        for node in tree.body if isinstance(node, ast.Assign)
        for target in node.targets if isinstance(target, ast.Name)
    }  # fmt: skip
    assert constants["COMMAND"][1:] == ["-m", "pipeline", "run", "--set", NASTY]
    assert constants["FOLDER"] == str(Path.cwd())
    assert constants["VARIABLES"] == {"MLFLOW_TRACKING_URI": "https://mlflow.example.org/%7Eshop?a=$b"}
    calls = {ast.unparse(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    table = calls["CronTriggerTimetable"]
    assert [ast.literal_eval(value) for value in (table.args[0], table.keywords[0].value)] == [
        "0 4 * * 0", "Europe/Berlin",
    ]  # fmt: skip
    arguments = {word.arg: ast.unparse(word.value) for name in ("dag", "task") for word in calls[name].keywords}
    assert (arguments["catchup"], arguments["max_active_runs"], arguments["retries"]) == ("False", "1", "1")
    assert arguments["execution_timeout"] == "timedelta(minutes=90.5)"
    assert "execution_timeout" not in "".join(files(job(), "airflow").values())


def test_an_airflow_task_whose_time_is_up_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow raises an exception in the task then, from a signal handler; so does this."""
    pids = tmp_path / "pids"
    script = f"trap '' TERM; sleep 600 & echo $! $$ > {pids}; sleep 600"
    made = Job(("/bin/sh", "-c", script), tmp_path, ScheduleConfig(timeout_minutes=1, stop_seconds=0.3))
    (text,) = files(made, "airflow").values()
    start = airflow_task(text, monkeypatch)

    def time_is_up(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, time_is_up)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        with pytest.raises(TimeoutError):
            start()
    finally:
        signal.signal(signal.SIGALRM, before)
    until(lambda: not any(map(alive, map(int, pids.read_text().split()))))


def airflow_task(text: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The function of the DAG's one task, of a file that is read as where Airflow is installed."""
    tasks: list[Callable[[], None]] = []

    def task(**_: object) -> Callable[[Callable[[], None]], Callable[[], None]]:
        return lambda function: tasks.append(function) or (lambda: None)  # type: ignore[func-returns-value]

    stands_for: dict[str, dict[str, object]] = {
        "pendulum": {"datetime": lambda *_, **__: None},
        "airflow": {}, "airflow.timetables": {},
        "airflow.timetables.trigger": {"CronTriggerTimetable": lambda *_, **__: None},
        "airflow.sdk": {"dag": lambda **_: lambda function: function, "task": task},
        "airflow.sdk.exceptions": {"AirflowFailException": RuntimeError},
    }  # fmt: skip
    for name, content in stands_for.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    exec(compile(text, "dag.py", "exec"), {})
    return tasks[0]


def test_a_password_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@mlflow.example.org")
    hook = "https://example.org/secret"
    for kind in ("systemd", "cron", "kubernetes", "airflow"):
        assert "secret" not in "".join(files(job(notify_webhook=hook), kind).values())


def test_an_unknown_scheduler_is_named() -> None:
    with pytest.raises(InputError, match=r"one of systemd, cron, kubernetes, airflow\. Received: windows"):
        files(job(), "windows")


def test_the_same_words_are_in_every_file() -> None:
    made = job("--set", "seed=1")
    for kind in ("systemd", "cron", "kubernetes", "airflow"):
        assert shlex.join(made.command[3:]) in "".join(files(made, kind).values()), kind
    assert ZoneInfo(made.settings.timezone)
