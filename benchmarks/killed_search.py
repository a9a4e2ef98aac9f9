"""Whether a search that is killed ends as an unbroken one does.

    python -m benchmarks.killed_search [--quick] [--seed N]

Searches over a small demo shop with two workers: once unbroken, then 20 times killed (SIGKILL) at a random moment of
the search, the command itself, one of its workers, or both in turn, and started again until it ends. Counts the
searches that end with another best setting or other trials, trials that are missing or twice in MLflow, runs left
running, and processes left over. `--quick` kills three times.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from mlflow import MlflowClient

from benchmarks.harness import Target, finish

TRIALS = 6
SETTINGS = (
    "demo.sessions=4000", "recommender.enabled=false", f"tune.trials={TRIALS}", "tune.epochs=6", "tune.workers=2",
)  # fmt: skip
KINDS = ("worker", "command", "both")
NONE = ("other_results", "missing_or_doubled", "left_running", "left_over")
TARGETS = tuple(Target(figure, "<=", 0) for figure in NONE)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three kills")
    parser.add_argument("--seed", type=int, default=0, help="seed of the moments")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _command(folder / "split", "run", "--only", "ingest").wait()
        for stage in ("sessionize", "featurize", "split"):
            _command(folder / "split", "run", "--only", stage).wait()
        shutil.copytree(folder / "split", folder / "whole")
        start = time.perf_counter()
        if _command(folder / "whole", "tune").wait():
            raise SystemExit("The unbroken search failed.")
        whole = time.perf_counter() - start
        figures = dict.fromkeys(NONE, 0.0) | {"unbroken_seconds": whole, "kills": 0.0}
        for number in range(3 if arguments.quick else 20):
            home = folder / f"broken_{number}"
            shutil.copytree(folder / "split", home)
            kind = KINDS[number % len(KINDS)]
            figures["kills"] += _broken(home, kind, chance.uniform(0.2, 0.95) * whole)
            found = _judge(home, folder / "whole")
            print(f"{number + 1:2d} {kind:8s}", found, flush=True)
            for figure, value in found.items():
                figures[figure] += value
            shutil.rmtree(home)
    finish("killed_search", figures, TARGETS)


def _broken(home: Path, kind: str, moment: float) -> int:
    """Search, kill, and search again until it ends. Gives 1 where there was something left to kill."""
    process = _command(home, "tune")
    time.sleep(moment)
    workers = psutil.Process(process.pid).children() if process.poll() is None else []
    killed = process.poll() is None
    for worker in workers[: None if kind == "both" else 1]:
        if kind != "command":
            worker.send_signal(signal.SIGKILL)
    if kind != "worker" and killed:
        process.send_signal(signal.SIGKILL)
    if process.wait():
        time.sleep(1.0)
        _command(home, "tune").wait()
    return int(killed)


def _judge(home: Path, whole: Path) -> dict[str, int]:
    files = ("best.json", "trials.json")
    same = all((home / "work/tune" / file).read_bytes() == (whole / "work/tune" / file).read_bytes() for file in files)
    client = MlflowClient(_store(home))
    runs = client.search_runs([client.get_experiment_by_name("demo").experiment_id])
    trials = [run.data.tags["key"] for run in runs if run.data.tags["kind"] == "trial"]
    left = [p for p in psutil.process_iter(["cmdline"]) if str(home) in " ".join(p.info["cmdline"] or [])]
    return {
        "other_results": int(not same),
        "missing_or_doubled": int(sorted(trials) != [f"{number:04d}" for number in range(TRIALS)]),
        "left_running": sum(run.info.status == "RUNNING" for run in runs),
        "left_over": len(left),
    }


def _command(home: Path, *words: str) -> subprocess.Popen[bytes]:
    home.mkdir(exist_ok=True)
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline", *words, "--workdir", str(home / "work"), *settings],
        env={**os.environ, "MLFLOW_TRACKING_URI": _store(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _store(home: Path) -> str:
    return f"sqlite:///{home / 'mlflow.db'}"


if __name__ == "__main__":
    main()
