"""What clients send and get, as JSON."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StrictInt

from data.event import Event
from data.live.told_event import Body, Id, Price, ToldEvent
from explain.cart.answer import CartAnswer, ShownItem

CARTS = 1_000
"""Most carts of a request."""

ITEMS = 100
"""Most items of an answer."""

Count = Annotated[StrictInt, Field(ge=1, le=ITEMS)]


class EventBody(ToldEvent):
    """One event of the event contract."""

    visitor_id: Id
    session_id: Id | None = None


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
        list[Annotated[float, Field(ge=0, lt=1e12, strict=True, allow_inf_nan=False)]] | None,
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
