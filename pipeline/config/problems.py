"""What is wrong with a configuration, in words that name the nearest valid key."""

import difflib
import json
from collections.abc import Sequence

from pydantic import BaseModel, ValidationError

from data.errors import InputError
from pipeline.config.schema import PipelineConfig
from pipeline.config.settings import Table

WORDS = {"Input should": "should", "Tuple should": "should", "a valid tuple": "a list", " after validation": ""}
"""Pydantic's words and those of somebody who writes TOML."""


def validated(table: Table) -> PipelineConfig:
    """The configuration of a table.

    Raises:
        InputError: a key is not known, or a value cannot be used; every such place is named.
    """
    try:
        return PipelineConfig.model_validate(table)
    except ValidationError as error:
        details = [dict(detail) for detail in error.errors()]
        problems = [_problem(detail) for detail in details if not _follows(detail, details)]
        raise InputError("The configuration is not valid.\n" + "\n".join(f"  {line}" for line in problems)) from None


def _follows(detail: Table, details: Sequence[Table]) -> bool:
    """Whether a mistake is none of its own: a default that goes by a wrong setting, a list whose items are wrong."""
    where = detail["loc"]
    within = any(other["loc"][: len(where)] == where and other["loc"] != where for other in details)
    return detail["type"] == "default_factory_not_called" or (detail["type"] == "too_short" and within)


def _problem(detail: Table) -> str:
    where = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        known = _keys_at(detail["loc"][:-1])
        return f"`{where}` is not a setting.{nearest(str(detail['loc'][-1]), known)}"
    if detail["type"] == "value_error":
        return str(detail["ctx"]["error"])
    received = json.dumps(detail["input"], default=str)
    rule = str(detail["msg"])
    for theirs, ours in WORDS.items():
        rule = rule.replace(theirs, ours)
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


def nearest(word: str, known: Sequence[str]) -> str:
    """A sentence to end a message with: the name that was meant, or all there are."""
    within = [name for name in known if word in name]
    close = within or difflib.get_close_matches(word, known, n=1, cutoff=0.4)
    return f" Did you mean `{close[0]}`?" if close else f" Known: {', '.join(known)}."
