"""Carts that a client sends as a table."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.errors import InputError
from data.features.live import LiveEvent
from data.live.live_cart import SessionRules
from data.live.told_carts import told_carts
from data.raw.pseudonyms import VARIABLE, pseudonym

RULES = SessionRules(gap_minutes=30, drop_duplicates=True)
EVENT = {"ts": "2026-03-01T10:00:00Z", "event": "cart", "item_id": "a"}
MOMENT = 1_772_359_200_000_000


def rows(events: Any, **more: Any) -> pd.DataFrame:
    return pd.DataFrame({"events": [[EVENT], events]} | {name: [None, value] for name, value in more.items()})


def test_a_row_is_a_cart_however_its_values_are_wrapped() -> None:
    full = {**EVENT, "category": "c", "price": np.float64(2.5), "quantity": np.int64(2)}
    bare = {**EVENT, "ts": "2026-03-01T11:00:00+01:00", "category": None, "price": np.nan, "quantity": None}
    expected = [LiveEvent(MOMENT, "cart", "a", "c", 2.5, 2), LiveEvent(MOMENT, "cart", "a")]
    for events in ([full, bare], np.array([full, bare])):
        first, second = told_carts(rows(events, visitor_id="v", session_id=np.nan), RULES)
        assert (first.visitor, first.session, first.events) == (None, None, [LiveEvent(MOMENT, "cart", "a")])
        assert (second.visitor, second.session, second.events) == ("v", None, expected)
    assert told_carts(rows([]).iloc[:0], RULES) == []


def test_the_same_event_twice_counts_as_ingest_counts_it() -> None:
    table = pd.DataFrame({"events": [[EVENT, EVENT]]})
    assert [len(told_carts(table, RULES.model_copy(update={"drop_duplicates": drop}))[0].events)
            for drop in (True, False)] == [1, 2]  # fmt: skip


def test_a_session_with_an_id_may_pause() -> None:
    later = {**EVENT, "ts": "2026-03-01T12:00:00Z"}
    assert len(told_carts(rows([EVENT, later], session_id="s"), RULES)[1].events) == 2


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([], "`rows.1.events` should have at least 1 item"),
        (None, "`rows.1.events` should be a valid list. Received: null"),
        ("cart", '`rows.1.events` should be a valid list. Received: "cart"'),
        (["cart"], "`rows.1.events.0` should be a valid dictionary"),
        ([{**EVENT, "event": "wish"}], "`rows.1.events.0.event` should be 'view', 'cart', 'uncart', 'purchase' or"),
        ([{**EVENT, "item_id": 5}], "`rows.1.events.0.item_id` should be a valid string. Received: 5"),
        ([{**EVENT, "price": "5"}], "`rows.1.events.0.price` should be a valid number"),
        ([{**EVENT, "price": -1}], "`rows.1.events.0.price` should be greater than or equal to 0. Received: -1"),
        ([{**EVENT, "quantity": 1.5}], "`rows.1.events.0.quantity` should be a valid integer. Received: 1.5"),
        ([{**EVENT, "ts": 5}], "`rows.1.events.0.ts` should be a time in ISO 8601"),
        ([{**EVENT, "ts": "1066-10-14"}], "in the years 1900..2199"),
        ([{**EVENT, "colour": "red"}], "`rows.1.events.0.colour` is no field of this request."),
        ([{"ts": EVENT["ts"], "event": "cart"}], "`rows.1.events.0.item_id` should be there. Received: nothing"),
        ([{**EVENT, "event": "view"}], "`rows.1.events` should have a cart event. Received: view"),
        ([EVENT, {**EVENT, "event": "purchase"}], "`rows.1.events` should be of an open cart"),
        (
            [EVENT, {**EVENT, "ts": "2026-03-01T09:59:59.5Z"}],
            "`rows.1.events` should be in order of time. Received: 2026-03-01T09:59:59.500000Z after 2026-03-01T10:00",
        ),
        ([EVENT, {**EVENT, "ts": "2026-03-01T11:00:00Z"}], "`rows.1.events` should be of one session, which ends 30"),
    ],
)
def test_a_row_that_is_no_open_cart_is_refused(events: Any, told: str) -> None:
    with pytest.raises(InputError) as found:
        told_carts(rows(events), RULES)
    assert told in str(found.value)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"visitor_id": ["v"]}, "`rows.0.events` should be there. Received: nothing"),
        ({"events": [[EVENT]], "visitor_id": [7]}, "`rows.0.visitor_id` should be a valid string. Received: 7"),
        ({"events": [[EVENT]], "decision_point": [0]}, "`rows.0.decision_point` is no field of this request."),
    ],
)
def test_a_table_with_other_columns_is_refused(table: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as found:
        told_carts(pd.DataFrame(table), RULES)
    assert told in str(found.value)


def test_a_visitor_has_the_pseudonym_that_ingest_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = RULES.model_copy(update={"hash_visitors": True})
    table = rows([EVENT], visitor_id="anna", session_id="s1")
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(InputError, match=VARIABLE):
        hashed.check_key()
    monkeypatch.setenv(VARIABLE, "a secret of one shop")
    nobody, anna = told_carts(table, hashed)
    key = b"a secret of one shop"
    assert (nobody.visitor, nobody.session) == (None, None)
    assert (anna.visitor, anna.session) == (pseudonym(key, "anna"), pseudonym(key, "s1"))
