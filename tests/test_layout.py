"""What the layout promises."""

import re
import subprocess
import sys
from pathlib import Path

import typer

from pipeline.cli import app
from tests.conftest import ROOT

README, MAP = ROOT / "README.md", ROOT / "docs" / "where-things-are.md"


def output(*command: str) -> str:
    return subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_the_installed_mlflow_wins_over_the_folder_of_that_name() -> None:
    found = Path(output("-c", "import mlflow; print(mlflow.__file__)").strip())
    assert ROOT / "mlflow" not in found.parents
    assert not list((ROOT / "mlflow").glob("*.py"))  # logged models below it carry their own code


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, runpy; sys.argv = ['pipeline', '--help']\n"
        "try: runpy.run_module('pipeline', run_name='__main__')\n"
        "except SystemExit: print(sorted(sys.modules))"
    )
    told = output("-c", code)
    assert "typer" in told
    for heavy in ("tensorflow", "keras", "pandas", "numpy", "duckdb", "ibis", "mlflow", "pydantic"):
        assert f"'{heavy}'" not in told


def test_configuration_imports_nothing_heavy() -> None:
    told = output("-c", "import sys, pipeline.config; print(sorted(sys.modules))")
    for heavy in ("tensorflow", "keras", "pandas", "numpy", "duckdb", "ibis", "mlflow"):
        assert f"'{heavy}'" not in told


def test_tfrs_keras_and_its_tuner_load_in_one_process() -> None:
    code = (
        "import models, keras, keras_tuner, tensorflow as tf, tensorflow_recommenders as tfrs\n"
        "print(keras.__version__.split('.')[0], tf.keras.__name__, tfrs.__name__)"
    )
    assert output("-c", code).split() == ["3", "tf_keras.api._v2.keras", "tensorflow_recommenders"]


def test_what_the_documents_name_is_there() -> None:
    named = re.findall(r"`((?:data|models|explain|pipeline|tests|benchmarks)/[\w./-]*)`", MAP.read_text())
    assert len(named) > 50
    linked = [
        document.parent / link
        for document in (README, MAP, ROOT / "mlflow" / "README.md")
        for link in re.findall(r"\]\(([^):#]+)\)", document.read_text())
    ]
    assert [str(path) for path in (*(ROOT / name for name in named), *linked) if not path.exists()] == []


def test_every_command_has_a_row_in_the_readme() -> None:
    table = README.read_text().split("## Commands")[1].split("\n## ")[0]
    rows = {command for row in re.findall(r"^\| (`.*?) \| ", table, re.M) for command in re.findall(r"`([\w-]+)", row)}
    assert rows == set(typer.main.get_group(app).commands)
