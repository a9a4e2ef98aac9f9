"""Item ids in a text file, one a line."""

from pathlib import Path

from data.errors import InputError


def read_item_list(path: Path, setting: str) -> list[str]:
    """The item ids of a file, each once, in their order; white space around them and empty lines do not count.

    Args:
        path: a UTF-8 text file.
        setting: what named it, for the error.

    Raises:
        InputError: it cannot be read, or is no text.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(
            f"`{setting}` should be a text file with one item id a line. Received: {path} ({error.strerror})."
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"`{setting}` should be a text file with one item id a line, in UTF-8. Received: {path}, whose byte "
            f"{error.start} is none."
        ) from None
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
