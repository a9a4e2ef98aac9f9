"""`init`: a configuration to edit."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from rich.console import Console

from data.errors import InputError
from models.config import CostConfig
from pipeline.config import PipelineConfig, as_table, load_config


def init_command(output: Path, preset: str | None, settings: Sequence[str], schema: bool) -> None:
    """Write a commented configuration, or print the JSON Schema.

    Raises:
        InputError: the file exists already, the preset is unknown, or a setting cannot be used.
    """
    console = Console(highlight=False, markup=False, soft_wrap=True)
    if schema:
        console.file.write(json.dumps(PipelineConfig.model_json_schema(), indent=2) + "\n")
        return
    if output.exists():
        raise InputError(
            f"`init` should write a new file. Received: {output}, which exists. Name another, or remove it."
        )
    try:
        output.write_text(commented(_start(preset, settings)), encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"`init` should name a file that can be written. Received: {output} ({error.strerror})."
        ) from None
    console.print(f"Wrote {output}. Edit it, then: python -m pipeline run --config {output} --input YOUR_LOG")


def _start(preset: str | None, settings: Sequence[str]) -> PipelineConfig:
    if preset is not None:
        return load_config(preset, None, settings)
    # How the demo shop's visitors respond to a nudge is no start for another shop.
    costs = as_table(CostConfig())
    return load_config(None, None, [*(f"costs.{key}={json.dumps(costs[key])}" for key in costs), *settings])


def commented(config: PipelineConfig) -> str:
    """The configuration as TOML, every setting under its explanation; unset ones are commented out."""
    top, sections = [], []
    for name, field in type(config).model_fields.items():
        value = getattr(config, name)
        if isinstance(value, BaseModel):
            sections.append("\n".join(_section(name, value)))
        else:
            top.append(f"# {field.description}\n{_line(name, value)}")
    return "\n".join(top) + "\n\n" + "\n\n".join(sections) + "\n"


def _section(name: str, model: BaseModel) -> list[str]:
    lines, nested = [f"[{name}]"], []
    for key, field in type(model).model_fields.items():
        value = getattr(model, key)
        if isinstance(value, BaseModel):
            nested += ["", *_section(f"{name.strip('[]')}.{key}", value)]
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            for item in value:
                nested += ["", *_section(f"[{name}.{key}]", item)]
        else:
            lines += [f"# {line}" for line in (field.description or "").splitlines()]
            lines.append(_line(key, value))
    return lines + nested


def _line(key: str, value: Any) -> str:
    return f"# {key} =" if value is None else f"{key} = {_toml(value)}"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(str(key))} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(value if isinstance(value, str) else str(value), ensure_ascii=False)
