"""From a preset, the user's file, `--set` and `--input` to the whole configuration."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data.errors import InputError
from pipeline.config.problems import nearest, validated
from pipeline.config.schema import PipelineConfig
from pipeline.config.settings import Table

PRESETS = Path(__file__).parents[1] / "presets"


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
    return validated(table)


def _preset(name: str) -> Table:
    names = preset_names()
    if name not in names:
        raise InputError(f"`--preset` should name a preset. Received: {name}.{nearest(name, names)}")
    return _read_toml(PRESETS / f"{name}.toml")


def _read_toml(path: Path) -> Table:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"`--config` should name a TOML file. Received: {path} ({error.strerror}).") from None
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
