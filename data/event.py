"""What an event can be and when, free of the SQL engine: a served model reads it where there is none."""

from typing import Final, Literal, get_args

Event = Literal["view", "cart", "uncart", "purchase", "favourite"]
EVENTS: Final[tuple[str, ...]] = get_args(Event)

YEARS: Final = (1900, 2200)
"""First year an event may be from, and the first it may not: beyond them the unit of the time is wrong."""
