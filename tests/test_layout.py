"""What the layout promises, and whether README and docs keep to the code."""

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel

from pipeline.cli import app
from pipeline.config import PipelineConfig
from tests.conftest import ROOT

README, MAP = ROOT / "README.md", ROOT / "docs" / "where-things-are.md"
PAGES = (README, *sorted((ROOT / "docs").glob("*.md")))
DOCUMENTS = (*PAGES, ROOT / "mlflow" / "README.md")
COMMANDS = typer.main.get_group(app).commands

FILES = (".json", ".csv", ".parquet", ".html", ".md", ".toml", ".txt", ".npz", ".dat", ".keras", ".db", ".yaml", ".ini")
FIGURES = ("abandonment.test.", "abandonment.baselines.", "recommender.test.", "explanation.", "mlflow.run_id")
"""Names with dots that are no settings: files, and figures of `summary.json` and MLflow."""

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


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


def spans(text: str) -> list[str]:
    """What stands in backticks within a line."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))


def blocks(text: str, language: str = "") -> list[str]:
    """What stands between lines of three backticks."""
    return [inner for tag, inner in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S) if tag == language]


def anchors(document: Path) -> set[str]:
    """What `#…` can lead to: the headings as GitHub writes them in addresses."""
    heads = re.findall(r"^#+ (.+)$", document.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def settings(model: type[BaseModel] = PipelineConfig, prefix: str = "") -> Iterator[str]:
    """Names of all settings and sections, with dots."""
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}"
        for kind in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from settings(kind, f"{prefix}{name}.")


@each_document
def test_what_a_document_links_to_is_there(document: Path) -> None:
    for link in re.findall(r"\]\(([^):]+)\)", document.read_text()):
        file, _, anchor = link.partition("#")
        target = document.parent / file if file else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@each_document
def test_the_paths_that_a_document_names_are_there(document: Path) -> None:
    place = r"(?:data|models|explain|pipeline|tests|benchmarks|docs)/[\w./-]*"
    named = [span for span in spans(document.read_text()) if re.fullmatch(place, span)]
    assert [path for path in named if not (ROOT / path).exists()] == []
    assert document != MAP or len(named) > 50


def test_every_page_is_linked_from_the_readme() -> None:
    linked = {ROOT / link.partition("#")[0] for link in re.findall(r"\]\(([^):]+)\)", README.read_text())}
    assert linked.issuperset(DOCUMENTS[1:])


@each_page
def test_the_settings_that_a_page_names_exist(page: Path) -> None:
    text, known = page.read_text(), set(settings())
    within = known | {name.partition(".")[2] for name in known}  # a table may be about one section
    dotted = [span for span in spans(text) if re.fullmatch(r"[a-z]\w*(\.\w+)+(\.\*|=.*)?|[a-z]\w*\.\*", span)]
    named = [span.partition("=")[0].removesuffix(".*") for span in dotted if not span.startswith(FIGURES)]
    assert [name for name in named if not name.endswith(FILES) and name not in within] == []
    given = re.findall(r"--set '?(\w+[\w.]*)=", text) + re.findall(r"`\[+([\w.]+)\]+`", text)
    assert [name for name in given if name not in known and name != "section.key"] == []


@each_page
def test_the_configurations_on_a_page_are_valid(page: Path) -> None:
    for block in blocks(page.read_text(), "toml"):
        PipelineConfig.model_validate(tomllib.loads(block))


@each_document
def test_the_commands_in_a_document_can_be_called(document: Path) -> None:
    text = document.read_text()
    lines = "\n".join([*blocks(text), *spans(text)]).replace("\\\n", " ").splitlines()
    for line in lines:
        program, _, rest = line.strip().partition("python -m pipeline ")
        name, *words = shlex.split(rest, comments=True) or [""]
        if program or not re.fullmatch(r"[a-z-]+", name) or "…" in words:
            continue
        COMMANDS[name].make_context(name, words)


@each_document
def test_the_options_that_a_document_names_exist(document: Path) -> None:
    for span in spans(document.read_text()):
        name, _, rest = span.removeprefix("python -m pipeline ").partition(" ")
        if name in COMMANDS:
            known = {option for param in COMMANDS[name].params for option in (*param.opts, *param.secondary_opts)}
            assert set(re.findall(r"(?<!\S)--?[a-z][\w-]*", rest)) <= known | {"--help"}, span


def test_every_command_has_a_row_in_the_readme() -> None:
    table = README.read_text().split("## Commands")[1].split("\n## ")[0]
    rows = {command for row in re.findall(r"^\| (`.*?) \| ", table, re.M) for command in re.findall(r"`([\w-]+)", row)}
    assert rows == set(COMMANDS)
