"""What clients send and get, as JSON."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictInt

from data.contract import YEARS, Event

CARTS = 1_000
"""Most carts of a request."""

ITEMS = 100
"""Most items of an answer."""


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("a time in ISO 8601, such as 2026-03-01T12:00:00Z; without an offset it is UTC")
    return value


def utc(ts: datetime) -> datetime:
    """A time in UTC."""
    return ts.replace(tzinfo=UTC) if ts.tzinfo is None else ts.astimezone(UTC)


def _near(ts: datetime) -> datetime:
    # A year aside before the zone is changed: the first and the last day that a time can name have none beside them.
    if not (YEARS[0] - 1 <= ts.year <= YEARS[1] and YEARS[0] <= utc(ts).year < YEARS[1]):
        raise ValueError(f"in the years {YEARS[0]}..{YEARS[1] - 1}")
    return utc(ts)


Id = Annotated[str, Field(min_length=1, max_length=1_000)]
Time = Annotated[datetime, BeforeValidator(_text, json_schema_input_type=datetime), AfterValidator(_near)]
Price = Annotated[float, Field(ge=0, le=1e9, strict=True)]
Pieces = Annotated[StrictInt, Field(ge=1, lt=2**31)]
Count = Annotated[StrictInt, Field(ge=1, le=ITEMS)]


class Body(BaseModel):
    """What a client sends: no fields beside those that are there."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EventBody(Body):
    """One event of the event contract."""

    visitor_id: Id
    session_id: Id | None = None
    ts: Annotated[Time, Field(description="ISO 8601; without an offset it is UTC.")]
    event: Event
    item_id: Id
    category: Id | None = None
    price: Price | None = None
    quantity: Pieces | None = None


class CartBody(Body):
    """A session with an open cart."""

    events: Annotated[
        list[EventBody],
        Field(min_length=1, description="The session from its first event on: one visitor's, with a cart event."),
    ]


class CartsBody(Body):
    """Carts to score."""

    carts: Annotated[list[CartBody], Field(min_length=1, max_length=CARTS)]
    reasons: Annotated[bool, Field(strict=True, description="Say why, in words.")] = False
    items: Annotated[Count | None, Field(description="How many items to show in each cart; none where null.")] = None


class ShownItem(BaseModel):
    """An item to show."""

    item_id: str
    score: float
    category: str | None
    price: float | None


class Nudge(BaseModel):
    """Whether to nudge."""

    by_value: bool
    """Whether a nudge is expected to bring more than it costs, for this cart's value."""

    by_threshold: bool
    """Whether the probability reaches the threshold that pays most over all carts."""

    expected_value: float
    """What it is expected to bring less its cost, in the shop's currency."""


class CartAnswer(BaseModel):
    """What is known of one cart."""

    visitor_id: str
    session_id: str | None
    visitor_known: bool
    """Whether the log has the visitor."""

    decision_point: int
    """Events after the first cart event."""

    abandonment_probability: float
    cart_value: float | None
    nudge: Nudge
    reasons: list[str] | None
    items: list[ShownItem] | None
    skipped: int | None
    """Events whose item the recommender does not know."""


class Versions(BaseModel):
    """What answered."""

    abandonment: str | None
    recommender: str | None
    history: str | None


class CartsAnswer(BaseModel):
    """Answers in the order of the carts."""

    carts: list[CartAnswer]
    versions: Versions


class SessionBody(Body):
    """A session to recommend for, and what may be shown in it."""

    items: Annotated[list[Id], Field(description="The session's items, oldest first; none for the popular ones.")] = []
    events: Annotated[list[Event] | None, Field(description="What happened to each of them.")] = None
    gaps: Annotated[
        list[Annotated[float, Field(ge=0, lt=1e12, strict=True)]] | None,
        Field(description="Seconds between each event and the one before, 0 for the first."),
    ] = None
    k: Count | None = None
    exclude_seen: Annotated[bool, Field(strict=True)] = False
    exclude: list[Id] = []
    bought: list[Id] = []
    visitor_id: Annotated[Id | None, Field(description="What the log says this visitor has bought is left out.")] = None
    same_category: Annotated[bool, Field(strict=True)] = False
    categories: list[Id] = []
    min_price: Price | None = None
    max_price: Price | None = None


class ItemsAnswer(BaseModel):
    """Items most likely to come next, best first."""

    items: list[ShownItem]
    source: Literal["model", "popularity"]
    skipped: int
    unknown: list[str]
    category: str | None
    versions: Versions


class Problem(BaseModel):
    """Why a request was not answered."""

    detail: list[str]
