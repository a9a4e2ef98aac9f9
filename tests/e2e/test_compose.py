"""The compose file as Docker Compose reads it, and its health checks against the servers that it names."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
import yaml

from tests.e2e.tracking_server import COMPOSE, COMPOSED_HOST, compose, find_postgres, postgres, serving

SECRETS = {"POSTGRES_PASSWORD": "p", "MLFLOW_ADMIN_PASSWORD": "long-enough-for-a-test", "MLFLOW_SECRET_KEY": "s"}


def test_compose_takes_the_file_without_a_word() -> None:
    done = compose("config", "--quiet", variables=SECRETS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("missing", SECRETS)
def test_compose_starts_nothing_without_a_secret(missing: str) -> None:
    done = compose("config", "--quiet", variables={name: value for name, value in SECRETS.items() if name != missing})
    assert done.returncode != 0
    assert f"required variable {missing} is missing a value: set it in mlflow/.env" in done.stderr


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("condition: service_healthy", "condition: service_helthy"), ("retries: 12", "retrys: 12"), ("[CMD,", "[CDM,")],
)
def test_compose_notices_what_is_wrong(tmp_path: Path, right: str, wrong: str) -> None:
    """What the test above rests on."""
    text = COMPOSE.read_text()
    assert right in text
    (tmp_path / "compose.yaml").write_text(text.replace(right, wrong))
    assert compose("config", "--quiet", file=tmp_path / "compose.yaml", variables=SECRETS).returncode != 0


def test_the_health_checks_tell_a_server_that_answers_from_none(tmp_path: Path) -> None:
    services = json.loads(compose("config", "--format=json", variables=SECRETS).stdout)["services"]
    with postgres() as database:
        place = urlsplit(database)
        probe = [find_postgres() / "pg_isready", *services["database"]["healthcheck"]["test"][2:]]
        probe += [f"--host={place.hostname}", f"--port={place.port}"]
        assert answers(probe)
        with serving(database, tmp_path, SECRETS["MLFLOW_ADMIN_PASSWORD"]) as address:
            check = server_check(services, address)
            assert answers(check)
        assert not answers(check)
    assert not answers(probe)


def test_the_server_answers_by_the_names_it_goes_by_and_to_its_own_pages(tmp_path: Path) -> None:
    """The others are refused (403) before anybody asks for the password (401)."""
    with postgres() as database, serving(database, tmp_path, SECRETS["MLFLOW_ADMIN_PASSWORD"]) as address:
        for name in ("localhost:5000", "127.0.0.1:5000", COMPOSED_HOST):  # a proxy on port 443 passes on the bare name
            assert status(address, name) == 401
        assert status(address, "tracking.example.org") == 403
        assert status(address, COMPOSED_HOST, page_of=f"https://{COMPOSED_HOST}") == 401
        assert status(address, COMPOSED_HOST, page_of="https://tracking.example.org") == 403


def server_check(services: Any, address: str) -> list[str | Path]:
    """The server's check, with this Python and the address that stands for the container's."""
    kind, program, *rest = services["server"]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "python")
    assert "http://127.0.0.1:5000/" in rest[-1]
    return [sys.executable, *rest[:-1], rest[-1].replace("http://127.0.0.1:5000", address)]


def answers(check: list[str | Path]) -> bool:
    """Whether a check says that all is well."""
    return subprocess.run(check, capture_output=True, check=False, timeout=60).returncode == 0


def status(address: str, host: str, page_of: str = "") -> int:
    """Status of an answer to somebody who calls the server by a name, or to a page of that origin in a browser."""
    headers = {"Host": host, "Content-Type": "application/json"} | ({"Origin": page_of} if page_of else {})
    question = b'{"max_results": 1}'
    request = Request(f"{address}/api/2.0/mlflow/experiments/search", question, headers)
    try:
        with urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


def test_the_compose_file_keeps_the_servers_to_themselves() -> None:
    """What Compose itself would check, and what it would not: loopback alone, fixed versions, no secret inside."""
    text = COMPOSE.read_text()
    file = yaml.safe_load(text)
    assert set(file) == {"name", "services", "configs", "volumes"}
    database, server = file["services"]["database"], file["services"]["server"]
    assert "ports" not in database
    # On an empty volume the image first starts a server that answers on its socket alone, and stops it again.
    assert "--host=127.0.0.1" in database["healthcheck"]["test"]
    assert all(port.startswith("127.0.0.1:") for port in server["ports"])
    bases = [database["image"], *re.findall(r"^FROM (\S+)", server["build"]["dockerfile_inline"], re.MULTILINE)]
    assert all(re.fullmatch(r"\w+:\d+\.\d+[\w.-]*", base) for base in bases), bases
    assert all(service["healthcheck"]["test"][0] == "CMD" for service in file["services"].values())
    assert server["depends_on"]["database"]["condition"] == "service_healthy"
    used = {volume.split(":")[0] for service in file["services"].values() for volume in service["volumes"]}
    assert used == set(file["volumes"])
    secrets = {name for name in re.findall(r"\$\{(\w+)", text) if re.search("PASSWORD|SECRET", name)}
    assert secrets == set(re.findall(r"\$\{(\w+):\?", text))
    told = (COMPOSE.parent / "README.md").read_text()
    assert all(f"{name}=" in told for name in secrets)
