"""The recommender that training starts from: where it lies, and its content."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from data.errors import InputError
from models.config import RecommenderConfig
from pipeline.config import PipelineConfig
from pipeline.fingerprint import file_hash
from pipeline.tracking import fetch_model

MODEL, ABOUT = "recommender.keras", "recommender.json"
REGISTRY = "models:/"


@dataclass(frozen=True)
class Champion:
    """An earlier recommender, as files."""

    folder: Path
    """Folder that `Recommender.load` reads."""

    hashes: Mapping[str, str]
    """Content hashes of what training takes from it, as inputs of the train stage."""


@contextmanager
def opened_champion(config: PipelineConfig, workdir: Path) -> Iterator[Champion | None]:
    """The recommender that `recommender.warm_start` names, while the block lasts; nothing where none is asked for.

    A registered one is fetched, since only its content tells whether it is still the same.

    Raises:
        InputError: there is none at that place, it is of another form than the configured one, or it is the one that
            this run would replace.
    """
    address = config.recommender.warm_start
    if address is None or not config.recommender.enabled or config.source.kind == "features":
        yield None
    elif address.startswith(REGISTRY):
        with tempfile.TemporaryDirectory() as scratch:
            fetched = fetch_model(address, Path(scratch), "recommender.warm_start")
            # Its own files lie somewhere below those that MLflow puts beside them.
            yield _champion(config, next((path.parent for path in fetched.rglob(MODEL)), fetched))
    else:
        if Path(address).resolve() == (workdir / "train").resolve():
            raise InputError(
                f"`recommender.warm_start` should be a recommender that stays as it is. Received: {address}, which "
                "this run replaces, so that no run would start from the same one again. Copy the folder, name its "
                f"address in the registry ({REGISTRY}NAME@ALIAS), or take another `--workdir`."
            )
        yield _champion(config, Path(address))


def _champion(config: PipelineConfig, folder: Path) -> Champion:
    from models.growth import check_form  # takes a second

    files = {name: folder / name for name in (MODEL, ABOUT)}
    missing = [name for name, path in files.items() if not path.is_file()]
    if missing:
        raise InputError(
            "`recommender.warm_start` should be a folder with a recommender, such as `work/train`, or one in the "
            f"registry, such as {REGISTRY}next-item@champion. Received: {config.recommender.warm_start}, which has no "
            f"{' and no '.join(missing)}.{_hint(folder)}"
        )
    check_form(config.recommender, _settings(files[ABOUT]))
    return Champion(folder, {f"champion/{name}": file_hash(path) for name, path in files.items()})


def _hint(folder: Path) -> str:
    inside = folder / "train"
    return f" Did you mean {inside}?" if (inside / MODEL).is_file() else ""


def _settings(about: Path) -> RecommenderConfig:
    try:
        return RecommenderConfig.model_validate(json.loads(about.read_text())["config"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"`recommender.warm_start` should be a recommender made by this version of the pipeline. "
            f"{about} does not describe one: {str(error).splitlines()[0]}"
        ) from None
