"""The items of a recommender that starts from an earlier one: what stays, what goes, and where new items start."""

from typing import Any

import numpy as np
import pytest

from data.errors import InputError
from models.config import RecommenderConfig
from models.recommending.growth import Growth, check_form, grown_rows, grown_vocabulary
from models.sessions.sequences import from_lists
from models.sessions.vocabulary import build_vocabulary

KNOWN = ("a", "b", "c", "gone")
TABLE = np.eye(4, dtype=np.float32)
SESSIONS = from_lists(
    [["a", "b"], ["new", "a"], ["new", "b", "b"], ["new", "b"], ["kin"], ["lone"], ["kin"], ["lone"], ["once", "c"]]
)
CATEGORIES = {"a": "hats", "b": "hats", "c": "shoes", "kin": "shoes", "new": "shoes", "lone": "unheard of"}


def grown(**changes: Any) -> tuple[dict[str, Any], Growth]:
    """Unit vectors of the items of `SESSIONS` by item, and what became of the items."""
    vocabulary = grown_vocabulary(SESSIONS, 2, KNOWN)
    asked = {"categories": CATEGORIES, "seed": 0, **changes}
    rows, growth = grown_rows(KNOWN, TABLE, vocabulary, SESSIONS, **asked)
    assert rows.dtype == np.float32
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return dict(zip(vocabulary.items, units, strict=True)), growth


def test_known_items_stay_while_a_session_has_them_and_new_ones_need_the_usual_count() -> None:
    found = grown_vocabulary(SESSIONS, 2, KNOWN)
    assert set(found.items) == {"a", "b", "c", "new", "kin", "lone"}  # c has one event, and so has "once"
    assert next(zip(found.items, found.counts.tolist(), strict=True)) == ("b", 4)
    assert found.counts.tolist() == sorted(found.counts, reverse=True)
    plain = grown_vocabulary(SESSIONS, 2, ())
    assert plain.items == build_vocabulary(SESSIONS, 2).items
    assert grown_vocabulary(from_lists([]), 1, KNOWN).items == ()


def test_what_no_session_has_any_more_can_be_kept() -> None:
    found = grown_vocabulary(SESSIONS, 2, KNOWN, keep_unseen=True)
    assert set(found.items) == {"a", "b", "c", "new", "kin", "lone", "gone"}
    assert list(zip(found.items, found.counts.tolist(), strict=True))[-2:] == [("c", 1), ("gone", 1)]
    rows, growth = grown_rows(KNOWN, TABLE, found, SESSIONS, {}, 0)
    assert (rows[-1] == TABLE[3]).all()
    assert (growth.kept, growth.unseen, growth.dropped) == (4, 1, 0)
    assert "4 items kept (1 in no training session), 3 added" in growth.told()


def test_known_items_keep_their_vectors_to_the_bit() -> None:
    rows, growth = grown()
    for item in ("a", "b", "c"):
        assert (rows[item] == TABLE[KNOWN.index(item)]).all()
    assert (growth.kept, growth.unseen, growth.dropped) == (3, 0, 1)


def test_new_items_start_at_the_mean_of_those_they_share_sessions_with_then_of_their_category_then_of_all() -> None:
    rows, growth = grown()
    # "new" is in 3 sessions, of which one has a (of its 2) and two have b (of its 3); its category does not count then.
    mean = np.array([1 / np.sqrt(3 * 2), 2 / np.sqrt(3 * 3), 0.0, 0.0])
    for item, expected in (("new", mean), ("kin", TABLE[2]), ("lone", np.array([1.0, 1.0, 1.0, 0.0]))):
        np.testing.assert_allclose(rows[item], expected / np.linalg.norm(expected), atol=0.05)
    assert (growth.from_sessions, growth.from_category, growth.from_all, growth.at_random) == (1, 1, 1, 0)


def test_without_categories_the_middle_of_all_takes_their_part() -> None:
    rows, growth = grown(categories={})
    assert (growth.from_sessions, growth.from_category, growth.from_all) == (1, 0, 2)
    assert rows["kin"] @ rows["lone"] > 0.99
    assert (rows["kin"] != rows["lone"]).any()  # or their scores would be equal


def test_random_starts_are_no_means_and_the_seed_decides() -> None:
    rows, growth = grown(random=True)
    assert (growth.at_random, growth.from_sessions) == (3, 0)
    assert abs(rows["new"] @ grown()[0]["new"]) < 0.95
    for changes in ({"random": True}, {}):
        one, two, other = (grown(seed=seed, **changes)[0] for seed in (1, 1, 2))
        assert all((one[item] == two[item]).all() for item in one)
        assert (one["new"] != other["new"]).any()


def test_the_report_names_only_what_happened() -> None:
    told = Growth(kept=1_200, unseen=0, from_sessions=20, from_category=0, from_all=2, at_random=0, dropped=5).told()
    assert told == (
        "Training started from an earlier recommender: 1,200 items kept, 22 added (20 from the items they share "
        "sessions with, 2 from the mean of all items), 5 dropped that no training session has any more."
    )
    about = Growth(1, 0, 0, 0, 0, 0, 0).about()
    assert about["kept"] == 1
    assert "1 items kept, 0 added, 0 dropped" in about["note"]


def test_a_recommender_of_another_shop_is_refused() -> None:
    vocabulary = build_vocabulary(SESSIONS)
    with pytest.raises(InputError, match=r"of the same shop\. Received one that knows none of the 7 items"):
        grown_rows(("x", "y"), TABLE[:2], vocabulary, SESSIONS, {}, 0)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"dimension": 32}, "`recommender.dimension` is 64 here and 32 there"),
        ({"encoder": "lstm", "max_length": 5}, "`recommender.encoder` is gru here and lstm there; `recommender.max_"),
        ({"use_events": False}, "`recommender.use_events` is True here and False there"),
        ({"batch_normalization": False}, "`recommender.batch_normalization` is True here and False there"),
    ],
)
def test_another_form_is_refused_by_the_name_of_the_setting(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        check_form(RecommenderConfig(), RecommenderConfig.model_validate(changes))


def test_heads_count_for_attention_alone_and_other_settings_not_at_all() -> None:
    four = RecommenderConfig(heads=4)
    check_form(RecommenderConfig(), four)
    check_form(RecommenderConfig(), RecommenderConfig(temperature=0.1, dropout=0.5, input_dropout=0.0, epochs=1))
    with pytest.raises(InputError, match=r"`recommender\.heads` is 2 here and 4 there"):
        check_form(RecommenderConfig(encoder="attention"), four.model_copy(update={"encoder": "attention"}))
