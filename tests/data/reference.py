"""The features once more, by plain Python over lists: slow, and hard to get wrong."""

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd

Event = dict[str, Any]


def features_by_hand(sessions: pd.DataFrame, session_id: str, step: int) -> dict[str, float]:
    """Every feature at one point, from the events at or before it."""
    events: list[Event] = [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in sessions.sort_values(["ts", "row"]).to_dict("records")
    ]
    here = next(i for i, e in enumerate(events) if e["session_id"] == session_id and e["step"] == step)
    past = events[: here + 1]
    session = [e for e in past if e["session_id"] == session_id]
    parts = (_session(session), _time(session), _visitor(past, session), _cart(past, session))
    return {name: math.nan if value is None else value for part in parts for name, value in part.items()}


def _count(events: list[Event], kind: str) -> int:
    return sum(e["event"] == kind for e in events)


def _mean(values: list[Any]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _session(session: list[Event]) -> dict[str, Any]:
    first_cart = next(i for i, e in enumerate(session) if e["event"] == "cart")
    kinds = {"n_views": "view", "n_carts": "cart", "n_uncarts": "uncart", "n_favourites": "favourite"}
    return {
        "decision_point": len(session) - 1 - first_cart,
        "events_so_far": len(session),
        **{name: _count(session, kind) for name, kind in kinds.items()},
        "distinct_items": len({e["item_id"] for e in session}),
        "distinct_categories": len({e["category"] for e in session} - {None}),
        "viewed_mean_price": _mean([e["price"] for e in session if e["event"] == "view"]),
    }


def _time(session: list[Event]) -> dict[str, Any]:
    times = [e["ts"].timestamp() for e in session]
    carts = [e["ts"].timestamp() for e in session if e["event"] == "cart"]
    intervals = [b - a for a, b in itertools.pairwise(times)]
    now = session[-1]["ts"]
    return {
        "seconds_since_first_event": times[-1] - times[0],
        "seconds_since_first_cart": times[-1] - carts[0],
        "seconds_since_last_cart": times[-1] - carts[-1],
        "seconds_since_previous_event": intervals[-1] if intervals else None,
        "mean_interval": _mean(intervals),
        "max_interval": max(intervals, default=None),
        "hour": now.hour,
        "weekday": now.weekday(),
    }


def _visitor(past: list[Event], session: list[Event]) -> dict[str, Any]:
    first = session[0]
    before = past[: past.index(first)]
    own = [e for e in before if e["visitor_id"] == first["visitor_id"]]
    return {
        "visitor_sessions": len({e["session_id"] for e in own}),
        "visitor_carts": _count(own, "cart"),
        "visitor_purchases": _count(own, "purchase"),
    }


def _cart(past: list[Event], session: list[Event]) -> dict[str, Any]:
    cart: dict[str, list[Event]] = {}
    for e in session:
        if e["event"] == "cart":
            cart.setdefault(e["item_id"], []).append(e)
        if e["event"] == "uncart":
            cart.pop(e["item_id"], None)
    lines = [e for item in cart.values() for e in item]
    latest = [item[-1] for item in cart.values()]
    prices = [e["price"] for e in latest if e["price"] is not None]
    histories = [_history(past[: past.index(e)], e) for e in latest]
    return {
        "cart_items": len(cart),
        "cart_quantity": sum(e["quantity"] or 1 for e in lines),
        "cart_value": _value(lines),
        "cart_mean_price": _mean(prices),
        "cart_max_price": max(prices, default=None),
        "cart_item_views": sum(e["event"] == "view" and e["item_id"] in cart for e in session),
        "cart_price_to_category": _mean([history["ratio"] for history in histories]),
        "cart_item_popularity": _mean([history["popularity"] for history in histories]),
        "cart_item_conversion": _mean([history["conversion"] for history in histories]),
    }


def _value(lines: list[Event]) -> float | None:
    return None if any(e["price"] is None for e in lines) else sum(e["price"] * (e["quantity"] or 1) for e in lines)


def _history(before: list[Event], line: Event) -> dict[str, Any]:
    item = [e for e in before if e["item_id"] == line["item_id"]]
    category = _mean([e["price"] for e in before if e["category"] == line["category"] and line["category"] is not None])
    ratio = line["price"] / category if line["price"] is not None and category else None
    return {
        "ratio": ratio,
        "popularity": len(item),
        "conversion": (_count(item, "purchase") + 1) / (_count(item, "cart") + 4),
    }
