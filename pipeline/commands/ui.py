"""`ui`: the MLflow UI."""

import os
import subprocess
import sys

from rich.console import Console

from pipeline.store import STORE, tracking_uri


def ui_command(host: str, port: int) -> None:
    """Run `mlflow ui` over the store that runs are logged to, until it is stopped."""
    uri = tracking_uri()
    console = Console(highlight=False, markup=False, soft_wrap=True)
    if uri.startswith(("http://", "https://")):
        console.print(f"Runs are logged to a tracking server; its UI is at {uri}")
        return
    console.print(f"MLflow UI at http://{host}:{port} over {uri}; stop it with Ctrl-C")
    STORE.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", uri, "--host", host, "--port", str(port)]
    # Jobs judge answers of language models; nothing here needs them, and their processes take 2 GB of memory.
    environment = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", **os.environ}
    try:
        code = subprocess.run([*command, "--workers", "1"], env=environment, check=False).returncode
    except KeyboardInterrupt:
        code = 0
    sys.exit(code)
