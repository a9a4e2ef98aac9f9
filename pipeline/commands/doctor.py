"""`doctor`: what this machine can do."""

import os
import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.quiet import quiet
from pipeline.store import store_name

PACKAGES = ("tensorflow", "keras", "tensorflow-recommenders", "keras-tuner", "mlflow", "shap", "scikit-learn", "duckdb")


def doctor_command() -> None:
    """Print a table of checks; exits with 1 where something a run needs is missing."""
    checks = [_python(), *(_package(name) for name in PACKAGES), _cores(), _memory(), _disk(), _gpu(), _store()]
    table = Table("what", "here", "", box=None)
    for what, here, problem in checks:
        table.add_row(what, Text(here), Text(problem or "ok", style="red" if problem else "green"))
    Console(highlight=False).print(table)
    if any(problem for _, _, problem in checks):
        raise SystemExit(1)


Check = tuple[str, str, str]
"""What was looked at, what is here, and what is wrong with it (empty where nothing is)."""


def _python() -> Check:
    usable = (3, 11) <= tuple(map(int, platform.python_version_tuple()[:2])) < (3, 14)
    return "Python", platform.python_version(), "" if usable else "3.11, 3.12 or 3.13 is needed"


def _package(name: str) -> Check:
    try:
        return name, version(name), ""
    except PackageNotFoundError:
        return name, "missing", "pip install -r requirements.txt"


def _cores() -> Check:
    return "cores", str(len(os.sched_getaffinity(0))), ""


def _memory() -> Check:
    free = psutil.virtual_memory().available / 2**30
    return "memory free", f"{free:.1f} GiB", "" if free >= 3 else "a run of the demo needs about 3 GiB"


def _disk() -> Check:
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    return "disk free", f"{free:.1f} GiB", "" if free >= 2 else "less than 2 GiB left"


def _gpu() -> Check:
    try:
        with quiet():
            from models.devices import gpu_names
    except ImportError as error:
        return "GPU", "unknown", f"TensorFlow does not import: {error}"
    return (
        "GPU",
        ", ".join(gpu_names()) or "none; training uses the CPU (install the extra `gpu` where there is one)",
        "",
    )


def _store() -> Check:
    return "MLflow store", store_name(), ""
