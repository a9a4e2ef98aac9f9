"""Time and memory of `python -m pipeline run` on the demo shop, and of the same again with nothing changed."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.harness import Target, finish

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Print both runs and whether the second one imported TensorFlow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a shop of 3,000 sessions")
    settings = ["--set", "demo.sessions=3000"] if parser.parse_args().quick else []
    with tempfile.TemporaryDirectory() as folder:
        command = ["-m", "pipeline", "run", "--workdir", f"{folder}/work", *settings]
        environment = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}
        first, peak, _ = _measure([sys.executable, *command], environment)
        again, _, errors = _measure([sys.executable, "-X", "importtime", *command], environment)
    figures = {
        "first_seconds": first,
        "first_peak_mib": peak,
        "again_seconds": again,
        "again_imported_tensorflow": float("| tensorflow\n" in errors),
    }
    targets = (
        Target("first_seconds", "<=", 240),
        Target("first_peak_mib", "<=", 3072),
        Target("again_seconds", "<=", 5),
        Target("again_imported_tensorflow", "<=", 0),
    )
    finish("run_time", figures, targets)


def _measure(command: list[str], environment: dict[str, str]) -> tuple[float, float, str]:
    """Wall seconds, peak resident MiB and standard error of a command."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        errors.seek(0)
        text = errors.read()
    if status:
        sys.exit(f"{' '.join(command)} failed:\n{text[-3000:]}")
    return seconds, usage.ru_maxrss / 1024, text


if __name__ == "__main__":
    main()
