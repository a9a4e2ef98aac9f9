"""A run: tried again, remembered, and told."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from data.errors import InputError
from pipeline.scheduling.config import ScheduleConfig
from pipeline.scheduling.job import Job
from pipeline.scheduling.notifying import check
from pipeline.scheduling.running import Runner
from pipeline.scheduling.runs import Attempt, Run, Runs
from tests.conftest import ROOT
from tests.pipeline.scheduling.jobs import alive, known, shell, silent, until

FAST = {"backoff_seconds": 0.01}
DUE = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def ran(job: Job, due: datetime = DUE, said: list[str] | None = None) -> Run:
    runner = Runner(job, Runs(job.folder), Event(), (said if said is not None else []).append)
    runner.work(runner.accept(due))
    return known(job)[-1]


def test_a_failure_is_tried_again_until_it_succeeds(tmp_path: Path) -> None:
    tries = tmp_path / "tries"
    run = ran(shell(f"echo try >> {tries}; [ $(wc -l < {tries}) = 3 ]", tmp_path, **FAST))
    assert (run.outcome, [attempt.ending for attempt in run.attempts]) == ("done", ["failed", "failed", "done"])
    assert [attempt.exit_code for attempt in run.attempts] == [1, 1, 0]


def test_retries_wait_twice_as_long_each_time_and_end(tmp_path: Path) -> None:
    began = time.monotonic()
    run = ran(shell("exit 5", tmp_path, retries=2, backoff_seconds=0.3))
    assert (run.outcome, run.count("failed")) == ("failed", 3)
    assert time.monotonic() - began >= 0.3 + 0.6
    gaps = [(b.started - a.started).total_seconds() for a, b in pairwise(run.attempts)]
    assert gaps[1] >= 0.6 > 0.3 <= gaps[0]


HUNG = {**FAST, "timeout_minutes": 0.5 / 60, "stop_seconds": 0.3}


def test_a_command_that_hangs_is_ended_with_its_children_and_counts_as_failed(tmp_path: Path) -> None:
    pids, told, said = tmp_path / "pids", tmp_path / "told", list[str]()
    script = f"trap '' TERM; sleep 600 & echo $! $$ >> {pids}; sleep 600"
    job = shell(script, tmp_path / "work", retries=1, notify_command=["tee", str(told)], **HUNG)
    run = ran(job, said=said)
    assert (run.outcome, [attempt.ending for attempt in run.attempts]) == ("failed", ["timed out", "timed out"])
    assert [attempt.exit_code for attempt in run.attempts] == [-9, -9]
    until(lambda: not any(map(alive, map(int, pids.read_text().split()))))
    message = json.loads(told.read_text())
    assert (message["event"], message["timed_out"], message["attempts"]) == ("failed", True, 2)
    assert "failed, 2 times tried; the last one was ended, since its time was up" in message["text"]
    assert "=== attempt 2 took longer than" in message["tail"]
    assert Runs(job.folder).log(run).read_text().count("(`schedule.timeout_minutes`) and was ended, exit code -9") == 2
    assert sum("again in" in line and "took longer than" in line for line in said) == 1


def test_a_command_that_hung_once_is_tried_again_and_may_be_slow_within_its_time(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    run = ran(shell(f"[ -e {begun} ] && exec sleep 0.3; touch {begun}; exec sleep 600", tmp_path / "work", **HUNG))
    assert (run.outcome, [attempt.ending for attempt in run.attempts]) == ("done", ["timed out", "done"])


def test_one_that_says_all_is_well_when_its_time_is_up_has_failed(tmp_path: Path) -> None:
    job = shell("trap 'exit 0' TERM; sleep 600 & wait", tmp_path / "work", retries=0, **{**HUNG, "stop_seconds": 60.0})
    (attempt,) = ran(job).attempts
    assert (attempt.ending, attempt.exit_code) == ("timed out", 0)


UNRECORDED = """
import os, signal, sys
from pathlib import Path
from pipeline.scheduling import child
process = child.prepare(("/bin/sh", "-c", "touch begun"), Path("log"))
print(process.pid, flush=True)
sys.stdin.readline()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_command_whose_process_nobody_could_note_down_never_begins(tmp_path: Path) -> None:
    path = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", UNRECORDED], cwd=tmp_path, env=path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as scheduler:
        assert scheduler.stdin
        assert scheduler.stdout
        pid = int(scheduler.stdout.readline())
        assert alive(pid)
        scheduler.stdin.write(b"\n")
    assert scheduler.returncode == -signal.SIGKILL
    until(lambda: not alive(pid))
    assert not (tmp_path / "begun").exists()


def test_refused_data_are_not_tried_again(tmp_path: Path) -> None:
    run = ran(shell("exit 3", tmp_path, **FAST))
    assert (run.outcome, len(run.attempts)) == ("refused", 1)


def test_the_output_of_all_attempts_is_in_one_log(tmp_path: Path) -> None:
    job = shell("echo out; echo err >&2; exit 1", tmp_path, retries=1, **FAST)
    log = Runs(job.folder).log(ran(job)).read_text()
    assert log.count("out\nerr\n") == 2
    assert "=== attempt 2" in log


def test_a_program_that_is_gone_is_a_failure_not_the_end(tmp_path: Path) -> None:
    said: list[str] = []
    told = tmp_path / "told"
    job = Job(("/nowhere/python",), tmp_path, ScheduleConfig(notify_command=("tee", str(told))))
    assert ran(job, said=said).outcome == "failed"
    assert "could not be run" in said[1]
    assert json.loads(told.read_text())["event"] == "failed"


def test_a_run_killed_between_its_end_and_the_next_date_is_not_repeated(tmp_path: Path) -> None:
    count, told = tmp_path / "count", tmp_path / "told"
    teller = ["/bin/sh", "-c", f"echo . >> {told}"]
    job = shell(f"echo . >> {count}; exit 3", tmp_path, notify_command=teller)
    ran(job)
    ran(job)
    assert count.read_text() == told.read_text() == ".\n"


def test_one_due_while_clocks_go_back_is_found_again(tmp_path: Path) -> None:
    from zoneinfo import ZoneInfo

    job = shell("true", tmp_path)
    runner = Runner(job, Runs(job.folder), Event(), silent)
    begun = runner.accept(DUE.astimezone(ZoneInfo("Europe/Berlin"))).begun(Attempt(started=DUE))
    runner.runs.save(begun)
    assert runner.accept(DUE.astimezone(ZoneInfo("Europe/Berlin"))) == begun
    assert len(known(job)) == 1


def test_an_unfinished_run_is_closed_when_a_later_one_takes_its_place(tmp_path: Path) -> None:
    job = shell("true", tmp_path)
    runner = Runner(job, Runs(job.folder), Event(), silent)
    runner.accept(DUE)
    ran(job, DUE + timedelta(days=7))
    assert [run.outcome for run in known(job)] == ["cut off", "done"]


def test_only_the_newest_runs_and_logs_are_kept(tmp_path: Path) -> None:
    job = shell("true", tmp_path, keep_runs=2)
    for day in range(4):
        ran(job, DUE + timedelta(days=day))
    assert [run.due.day for run in known(job)] == [27, 28]
    assert sorted(path.name for path in (job.folder / "logs").iterdir()) == [
        "20261027T003000Z.log",
        "20261028T003000Z.log",
    ]


def test_a_record_of_another_version_is_passed_over(tmp_path: Path) -> None:
    job = shell("true", tmp_path)
    ran(job)
    (job.folder / "runs" / "20200101T000000Z.json").write_text('{"strange": 1}')
    assert [run.outcome for run in known(job)] == ["done"]


@pytest.mark.parametrize(
    ("code", "event"), [(1, "failed"), (3, "refused"), (0, None)], ids=["failed", "refused", "done"]
)
def test_a_program_is_told_of_what_went_wrong(tmp_path: Path, code: int, event: str | None) -> None:
    told = tmp_path / "told"
    teller = ("/bin/sh", "-c", f'cat > {told}; echo "$PIPELINE_EVENT $PIPELINE_EXIT_CODE" >> {told}.variables')
    job = shell(f"echo 'why; $(touch {tmp_path}/owned)'; exit {code}", tmp_path, retries=0, notify_command=teller)
    ran(job)
    assert told.exists() == (event is not None)
    assert not (tmp_path / "owned").exists()
    if event:
        message = json.loads(told.read_text())
        assert (message["event"], message["exit_code"]) == (event, code)
        assert message["tail"].endswith(f"why; $(touch {tmp_path}/owned)")
        assert Path(message["log"]).is_file()
        assert Path(f"{told}.variables").read_text() == f"{event} {code}\n"


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("age", [0, 3600])
def test_a_promotion_is_told_where_that_is_wanted(tmp_path: Path, wanted: bool, age: int) -> None:
    decision = tmp_path / "retrain" / "1" / "decision.json"
    decision.parent.mkdir(parents=True)
    text = json.dumps({"decision": "promoted", "sentence": "promoted: better by 0.02", "models": {}})
    told = tmp_path / "told"
    stamp = f"touch -d @{int(time.time()) + 60 - age} {decision}"
    settings = {"notify_promotion": wanted, "notify_command": ["tee", str(told)]}
    run = ran(shell(f"echo '{text}' > {decision}; {stamp}", tmp_path, **settings))
    assert run.promoted == (age == 0)
    assert told.exists() == (wanted and age == 0)
    if told.exists():
        message = json.loads(told.read_text())
        assert (message["event"], message["decision"]) == ("promoted", "promoted: better by 0.02")


@contextmanager
def listening(answers: list[int]) -> Iterator[tuple[str, list[Any]]]:
    """A server that answers posts with these status codes, the last of them for ever."""
    received: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers.pop(0) if len(answers) > 1 else answers[0])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook/secret", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_webhook_that_stumbles_is_tried_again(tmp_path: Path) -> None:
    said: list[str] = []
    with listening([503, 204]) as (address, received):
        ran(shell("exit 3", tmp_path, notify_webhook=address), said=said)
    assert [message["event"] for message in received] == ["refused", "refused"]
    assert "refused the new data" in received[1]["text"]
    assert not any("could not tell" in line for line in said)


@pytest.mark.parametrize(("code", "why"), [(404, "it answered 404"), (302, "it answered 302")])
def test_a_failing_webhook_is_said_and_nothing_more(tmp_path: Path, code: int, why: str) -> None:
    said: list[str] = []
    with listening([code]) as (address, received):
        assert ran(shell("exit 3", tmp_path, notify_webhook=address), said=said).outcome == "refused"
    assert len(received) == 1
    assert why in said[-1]
    assert "secret" not in "".join(said)


def test_a_webhook_nobody_answers_at_keeps_its_address_to_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.scheduling.notifying.POSTS", 0)
    said: list[str] = []
    ran(shell("exit 3", tmp_path, notify_webhook="http://127.0.0.1:9/secret"), said=said)
    assert "`schedule.notify_webhook` could not tell of it: ConnectionError" in said[-1]
    assert "secret" not in "".join(said)


@pytest.mark.parametrize(
    ("program", "why"),
    [
        (["false"], "exit code 1"),
        (["sleep", "60"], "timed out"),
        (["/nowhere"], "No such file"),
        (["/bin/sh", "-c", "exit"], None),
    ],
)
def test_a_failing_program_is_said_and_nothing_more(tmp_path: Path, program: list[str], why: str | None) -> None:
    said: list[str] = []
    job = shell("echo a long text | head -c 100000; exit 3", tmp_path, notify_command=program, notify_seconds=0.5)
    assert ran(job, said=said).outcome == "refused"
    assert (why in said[-1]) if why else not any("could not tell" in line for line in said)


def test_a_program_that_is_not_there_is_noticed_beforehand() -> None:
    check(ScheduleConfig(notify_command=("sh",)))
    with pytest.raises(InputError, match=r"`schedule\.notify_command` should begin with a program"):
        check(ScheduleConfig(notify_command=("no-such-program", "x")))


def test_the_command_has_no_terminal_and_keeps_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMETHING", "kept")
    job = shell('read line; echo "$SOMETHING $?"; ps -o pgid= -p $$ 2>/dev/null || true', tmp_path)
    log = Runs(job.folder).log(ran(job)).read_text()
    assert "kept" in log
    assert str(os.getpgid(0)) not in log.splitlines()[-1]
