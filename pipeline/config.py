"""The whole configuration: presets, the user's file, `--set`, and errors that name the nearest valid key."""

import difflib
import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, NonNegativeInt, ValidationError, model_validator

from data.config import DemoConfig, EngineConfig, FeatureConfig, IngestConfig, SessionConfig, SourceConfig, SplitConfig
from data.errors import InputError
from data.strict import StrictModel
from explain.config import ExplainConfig
from models.config import (
    AbandonmentConfig,
    CompareConfig,
    CostConfig,
    DigitsConfig,
    EvaluateConfig,
    MultiTaskConfig,
    RecommenderConfig,
    RetrainConfig,
    TuneConfig,
)  # fmt: skip
from pipeline.scheduling.config import ScheduleConfig

BESIDE = (
    "source.path", "abandonment.warm_start", "recommender.warm_start", "tune.workers", "compare.workers", "retrain",
    "schedule",
)  # fmt: skip
"""Settings and sections that change no result of a run: names of files, whose content counts, how many processes work,
when, and what only `retrain` goes by."""

PRESETS = Path(__file__).parent / "presets"
Table = dict[str, Any]


class TrackingConfig(StrictModel):
    """Where runs are logged and models registered."""

    enabled: bool = True
    """Whether to log to MLflow at all; without it the register stage is skipped."""

    experiment: str | None = None
    """MLflow experiment; the preset's name where not set."""

    abandonment_name: str = "cart-abandonment"
    """Name of the registered abandonment model."""

    recommender_name: str = "next-item"
    """Name of the registered recommender."""


class RescueConfig(StrictModel):
    """What the rescue list shows for an open cart. `run` keeps it for the next `score` and in the registered model."""

    hide_bought: bool = True
    """Whether what the visitor has bought before is left out. Turn it off where people buy the same again."""

    exclude_file: Path | None = None
    """Text file with one item id a line, never to be shown: what is out of stock. Read anew for every list."""


class PipelineConfig(StrictModel):
    """Everything a run depends on besides its input and its code."""

    preset: str = "demo"
    """Name of the preset the configuration started from; names the MLflow experiment."""

    seed: NonNegativeInt = 0
    """Seed of training, tuning, bootstrap and explanations."""

    source: SourceConfig = SourceConfig(kind="demo")
    """Where the data come from and what their columns mean."""

    demo: DemoConfig = DemoConfig()
    """The simulated shop, where `source.kind` is "demo"."""

    engine: EngineConfig = EngineConfig()
    """The SQL engine."""

    ingest: IngestConfig = IngestConfig()
    """How much of a log may break the event contract."""

    session: SessionConfig = SessionConfig()
    """How events become sessions."""

    features: FeatureConfig = FeatureConfig()
    """Which examples are taken from a session."""

    split: SplitConfig = SplitConfig()
    """Which examples train, choose and test."""

    abandonment: AbandonmentConfig = AbandonmentConfig()
    """The abandonment model."""

    costs: CostConfig = CostConfig()
    """What a nudge costs and brings."""

    recommender: RecommenderConfig = RecommenderConfig()
    """The recommender."""

    multi_task: MultiTaskConfig = MultiTaskConfig()
    """Networks that read the session for both tasks."""

    digits: DigitsConfig = DigitsConfig()
    """The digit classifier, where `source.kind` is "digits"."""

    tune: TuneConfig = TuneConfig()
    """Search over the abandonment model, or over the digit classifier."""

    compare: CompareConfig = CompareConfig()
    """Alternatives side by side."""

    evaluate: EvaluateConfig = EvaluateConfig()
    """How quality is measured."""

    explain: ExplainConfig = ExplainConfig()
    """How much is computed for the explanations."""

    rescue: RescueConfig = RescueConfig()
    """What the rescue list shows."""

    retrain: RetrainConfig = RetrainConfig()
    """When a challenger replaces the champion."""

    tracking: TrackingConfig = TrackingConfig()
    """MLflow."""

    schedule: ScheduleConfig = ScheduleConfig()
    """What is started at the clock."""

    @model_validator(mode="after")
    def _check_multi_task(self) -> Self:
        if not self.multi_task.enabled:
            return self
        missing = None
        if self.source.kind == "features":
            missing = 'an event source, and `source.kind` is "features"'
        elif not self.abandonment.enabled:
            missing = "an abandonment model to compare with, and `abandonment.enabled` is false"
        elif not self.recommender.enabled:
            missing = "a recommender, whose encoder it uses, and `recommender.enabled` is false"
        if missing:
            raise InputError(f"`multi_task.enabled` should be false here: it needs {missing}. Received: true")
        return self

    @model_validator(mode="after")
    def _check_hashing(self) -> Self:
        if self.ingest.hash_visitors and self.source.kind == "features":
            raise InputError(
                "`ingest.hash_visitors` should be false for a feature table, which is taken as it is: hash its column "
                "of visitors where the table is made. Received: true"
            )
        return self

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.abandonment.enabled or (self.recommender.enabled and self.source.kind != "features"):
            return self
        why = (
            "a feature table has no items for a recommender"
            if self.recommender.enabled
            else "`recommender.enabled` is false"
        )
        raise InputError(f"`abandonment.enabled` should be true where {why}. Received: false; nothing is left to make.")


def preset_names() -> list[str]:
    """Names of the presets that ship with the project, sorted."""
    return sorted(path.stem for path in PRESETS.glob("*.toml"))


def load_config(
    preset: str | None,
    file: Path | None,
    settings: Sequence[str] = (),
    source_path: Path | None = None,
    base: Table | None = None,
) -> PipelineConfig:
    """Merge preset, file, `--set` and `--input`, in this order of growing weight, and validate the whole.

    Args:
        preset: name of a preset; "demo" where neither it nor `file` is given.
        file: a TOML file of the user's; it may name its own `preset` to start from.
        settings: `a.b=value` strings; the value is read as TOML, or taken as text where it is no TOML value.
        source_path: what `--input` names.
        base: a whole configuration to start from, in place of preset and file.

    Raises:
        InputError: an unknown preset or key (with the nearest valid one), a file that is no TOML, a value out of range.
    """
    own = _read_toml(file) if file else {}
    name = preset or own.get("preset") or (file.stem if file else (base or {}).get("preset", "demo"))
    table = base or (_preset(str(name)) if preset or not file or "preset" in own else {})
    table = _merged(table, own)
    for setting in settings:
        table = _merged(table, _parse_setting(setting))
    if source_path is not None:
        table = _merged(table, {"source": {"path": str(source_path)}})
        if table["source"].get("kind", "demo" if name == "demo" else "events") == "demo":
            raise InputError(
                f"`--input` needs a preset or a config that says what the columns mean; the demo shop reads nothing. "
                f"Received: --input {source_path} without one. Presets: {', '.join(preset_names())}; "
                f"or write a config with: python -m pipeline init"
            )
    table["preset"] = str(name)
    return _validated(table)


def as_table(config: BaseModel) -> Table:
    """The configuration as plain JSON-ready values."""
    return config.model_dump(mode="json")


def flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and values of nested tables: `{"a": {"b": 1}}` gives `("a.b", 1)`."""
    for key, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def settings_of(config: BaseModel) -> Table:
    """Dotted keys and values of all settings that a result may depend on."""
    return {key: value for key, value in flat(as_table(config)) if not within(key, BESIDE)}


def within(key: str, sections: tuple[str, ...]) -> bool:
    """Whether a dotted key is one of these settings or in one of these sections."""
    return any(key == section or key.startswith(f"{section}.") for section in sections)


def settings_digest(config: BaseModel) -> str:
    """A fingerprint of these settings: 128 bits as hexadecimal digits."""
    known = json.dumps(settings_of(config), sort_keys=True).encode()
    return hashlib.blake2b(known, digest_size=16).hexdigest()


def _preset(name: str) -> Table:
    names = preset_names()
    if name not in names:
        raise InputError(f"`--preset` should be one of {', '.join(names)}. Received: {name}.{_nearest(name, names)}")
    return _read_toml(PRESETS / f"{name}.toml")


def _read_toml(path: Path) -> Table:
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise InputError(f"`--config` should name a TOML file. Received: {path}, which does not exist.") from None
    except IsADirectoryError:
        raise InputError(f"`--config` should name a TOML file. Received: {path}, which is a folder.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid TOML: {error}") from None


def _parse_setting(setting: str) -> Table:
    key, separator, text = setting.partition("=")
    if not separator or not key.strip():
        raise InputError(f"`--set` should look like section.key=value. Received: {setting}")
    try:
        value: Any = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    for part in reversed(key.strip().split(".")):
        value = {part: value}
    table: Table = value
    return table


def _merged(base: Table, above: Table) -> Table:
    merged = dict(base)
    for key, value in above.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _validated(table: Table) -> PipelineConfig:
    try:
        return PipelineConfig.model_validate(table)
    except ValidationError as error:
        # A default that goes by another setting, which is wrong, is no mistake of its own.
        details = [detail for detail in error.errors() if detail["type"] != "default_factory_not_called"]
        problems = [_problem(dict(detail)) for detail in details]
        raise InputError("The configuration is not valid.\n" + "\n".join(f"  {line}" for line in problems)) from None


def _problem(detail: Table) -> str:
    where = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        known = _keys_at(detail["loc"][:-1])
        return f"`{where}` is not a setting.{_nearest(str(detail['loc'][-1]), known)}"
    if detail["type"] == "value_error":
        return str(detail["ctx"]["error"])
    received = json.dumps(detail["input"], default=str)
    rule = str(detail["msg"]).replace("Input should", "should")
    return f"`{where}` {rule if rule.startswith('should') else 'is not usable: ' + rule}. Received: {received}"


def _keys_at(location: Sequence[str | int]) -> list[str]:
    model: type[BaseModel] = PipelineConfig
    for part in location:
        field = model.model_fields.get(str(part))
        inner = field.annotation if field else None
        candidates = [inner, *getattr(inner, "__args__", ())]
        models = [c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)]
        if models:
            model = models[0]
    return list(model.model_fields)


def _nearest(word: str, known: Sequence[str]) -> str:
    within = [name for name in known if word in name]
    close = within or difflib.get_close_matches(word, known, n=1, cutoff=0.4)
    return f" Did you mean `{close[0]}`?" if close else f" Known: {', '.join(known)}."
