"""Reads the files that the pages give."""

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from data.errors import InputError
from data.strict import StrictModel

LARGEST = 1_000_000
"""Bytes; the pages give far less."""

Form = TypeVar("Form", bound=StrictModel)


def read_form(path: Path, form: type[Form], option: str) -> Form:
    """Read a downloaded JSON file.

    Args:
        path: the file.
        form: what it should hold.
        option: what it was given with, for the error.

    Raises:
        InputError: there is no such file, or it holds something else.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"`{option}` should be a file that the page gave. Received: {path}, which is too large.")
        return form.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(
            f"`{option}` should be a file that the page gave. Received: {path} ({error.strerror})."
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"`{option}` should be a file that the page gave, unaltered. Received: {path}; "
            f"{f'`{where}`: ' if where else ''}{first['msg']}."
        ) from None
