"""`ui`: the MLflow UI."""

import os
import subprocess
import sys

from rich.console import Console

from pipeline.store import STORE, store_name, tracking_uri


def ui_command(host: str, port: int) -> None:
    """Run `mlflow ui` over the store that runs are logged to, until it is stopped."""
    uri = tracking_uri()
    console = Console(highlight=False, markup=False, soft_wrap=True)
    if uri.startswith(("http://", "https://")):
        console.print(f"Runs are logged to a tracking server; its UI is at {store_name()}")
        return
    console.print(f"MLflow UI at http://{host}:{port} over {store_name()}; stop it with Ctrl-C")
    STORE.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "mlflow", "ui", "--host", host, "--port", str(port)]
    # Jobs judge answers of language models; nothing here needs them, and their processes take 2 GB of memory.
    environment = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", **os.environ}
    # Not on the command line, which everybody on the machine can read: a database's address may have a password.
    environment["MLFLOW_BACKEND_STORE_URI"] = uri
    try:
        code = subprocess.run([*command, "--workers", "1"], env=environment, check=False).returncode
    except KeyboardInterrupt:
        code = 0
    sys.exit(code)
