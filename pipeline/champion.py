"""The models that training starts from: where they lie, and their content."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from data.errors import InputError
from models.config import RecommenderConfig
from pipeline.config import PipelineConfig
from pipeline.fingerprint import file_hash
from pipeline.tracking import fetch_model

ABOUT = "recommender.json"
FILES = {"abandonment": ("abandonment.keras",), "recommender": ("recommender.keras", ABOUT)}
"""What training takes from an earlier model."""

EXAMPLES = {"abandonment": "cart-abandonment@champion", "recommender": "next-item@champion"}
NAMES = {"abandonment": "an abandonment model", "recommender": "a recommender"}
REGISTRY = "models:/"


@dataclass(frozen=True)
class Champions:
    """Earlier models, as files."""

    folders: Mapping[str, Path]
    """Folder of each, under `abandonment` and `recommender`."""

    hashes: Mapping[str, str]
    """Content hashes of what training takes from them, as inputs of the train stage."""


@contextmanager
def opened_champions(config: PipelineConfig, workdir: Path) -> Iterator[Champions | None]:
    """The models that `warm_start` of either section names, while the block lasts; nothing where none is asked for.

    A registered one is fetched, since only its content tells whether it is still the same.

    Raises:
        InputError: there is none at that place, the recommender is of another form than the configured one, or it is
            one that this run would replace.
    """
    with ExitStack() as opened:
        folders = {
            model: opened.enter_context(_opened(model, address, workdir)) for model, address in _asked(config).items()
        }
        if "recommender" in folders:
            _check_form(config, folders["recommender"] / ABOUT)
        hashes = {
            f"champion/{name}": file_hash(folder / name) for model, folder in folders.items() for name in FILES[model]
        }
        yield Champions(folders, hashes) if folders else None


def _asked(config: PipelineConfig) -> dict[str, str]:
    wanted = {
        "abandonment": config.abandonment.warm_start if config.abandonment.enabled else None,
        "recommender": config.recommender.warm_start
        if config.recommender.enabled and config.source.kind != "features"
        else None,
    }
    return {model: address for model, address in wanted.items() if address is not None}


@contextmanager
def _opened(model: str, address: str, workdir: Path) -> Iterator[Path]:
    if address.startswith(REGISTRY):
        with tempfile.TemporaryDirectory() as scratch:
            fetched = fetch_model(address, Path(scratch), f"{model}.warm_start")
            yield _checked(model, address, own_folder(model, fetched))
    else:
        if Path(address).resolve() == (workdir / "train").resolve():
            raise InputError(
                f"`{model}.warm_start` should be {NAMES[model]} that stays as it is. Received: {address}, which "
                "this run replaces, so that no run would start from the same one again. Copy the folder, name its "
                f"address in the registry ({REGISTRY}NAME@ALIAS), or take another `--workdir`."
            )
        yield _checked(model, address, Path(address))


def own_folder(model: str, fetched: Path) -> Path:
    """Where a fetched model's own files lie: somewhere below those that MLflow puts beside them."""
    return next((path.parent for path in fetched.rglob(FILES[model][0])), fetched)


def _checked(model: str, address: str, folder: Path) -> Path:
    missing = [name for name in FILES[model] if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"`{model}.warm_start` should be a folder with {NAMES[model]}, such as `work/train`, or one in the "
            f"registry, such as {REGISTRY}{EXAMPLES[model]}. Received: {address}, which has no "
            f"{' and no '.join(missing)}.{_hint(model, folder)}"
        )
    return folder


def _hint(model: str, folder: Path) -> str:
    inside = folder / "train"
    return f" Did you mean {inside}?" if (inside / FILES[model][0]).is_file() else ""


def _check_form(config: PipelineConfig, about: Path) -> None:
    from models.recommending.growth import check_form  # takes a second

    check_form(config.recommender, recommender_settings(about))


def recommender_settings(about: Path) -> RecommenderConfig:
    """The settings that a recommender was made with, from its `recommender.json`.

    Raises:
        InputError: it was made by another version of the pipeline.
    """
    try:
        return RecommenderConfig.model_validate(json.loads(about.read_text())["config"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"`recommender.warm_start` should be a recommender made by this version of the pipeline. "
            f"{about} does not describe one: {str(error).splitlines()[0]}"
        ) from None
