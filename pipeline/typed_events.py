"""What is typed of a session's events besides their items: kinds and seconds, parted by commas."""

import math
from collections.abc import Sequence

from data.errors import InputError


def typed_kinds(text: str | None, session: Sequence[str]) -> list[str] | None:
    """The kinds of `--events`; None where it is not given.

    Raises:
        InputError: not one for each item, or no kind of event.
    """
    from models.sessions.sequences import EVENTS

    kinds = _parts(text, "--events", "one kind", session)
    for kind in kinds or ():
        if kind not in EVENTS:
            raise InputError(f'`--events` should have kinds among {", ".join(EVENTS)}. Received: "{kind}"')
    return kinds


def typed_seconds(text: str | None, session: Sequence[str]) -> list[float] | None:
    """The seconds of `--gaps`; None where it is not given.

    Raises:
        InputError: not one for each item, no number, or a negative one.
    """
    parts = _parts(text, "--gaps", "one number of seconds", session)
    if parts is None:
        return None
    seconds = []
    for part in parts:
        try:
            seconds.append(float(part))
        except ValueError:
            seconds.append(math.nan)
        if not 0 <= seconds[-1] < math.inf:
            raise InputError(f'`--gaps` should have seconds, 0 or more. Received: "{part}"')
    return seconds


def _parts(text: str | None, option: str, what: str, session: Sequence[str]) -> list[str] | None:
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if len(parts) != len(session):
        raise InputError(f"`{option}` should have {what} for each of {len(session)} items. Received: {len(parts)}")
    return parts
