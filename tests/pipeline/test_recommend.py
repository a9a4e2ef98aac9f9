"""The `recommend` command."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import InputError
from models.config import RecommenderConfig
from models.recommending.catalogue import make_catalogue
from models.recommending.recommender import Recommender
from pipeline.commands.recommend import Wishes, recommend_command
from pipeline.config import PipelineConfig
from pipeline.runner import CONFIG
from tests.data.logs import log, write_events
from tests.models.untrained import save_untrained

ITEMS = tuple(f"item {place}" for place in range(30))
PLAIN = Wishes(None, False, [], False, [], None, None)


@pytest.fixture(scope="module")
def workdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command needs of a run: a configuration, and an untrained recommender with a catalogue."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "train").mkdir()
    (folder / CONFIG).write_text(PipelineConfig().model_dump_json())
    (folder / "train" / "history.json").write_text(json.dumps({"abandonment": {}, "recommender": {"loss": [1.0]}}))
    config = RecommenderConfig(dimension=4, max_length=5, top_k=6, use_gaps=True)
    categories = ["[bold]shoes[/bold]" if place % 2 else "hats" for place in range(29)]
    catalogue = make_catalogue([*ITEMS, "sold once"], [*categories, None, "hats"], np.append(np.arange(30.0), np.nan))
    save_untrained(folder / "train", ITEMS, config, catalogue)
    return folder


def answer(workdir: Path, capsys: pytest.CaptureFixture[str], *session: str, **wishes: Any) -> dict[str, Any]:
    recommend_command(session, Wishes(**{**vars(PLAIN), **wishes}), workdir, as_json=True)
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_json_has_the_facts_of_each_item(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = answer(workdir, capsys, "item 3", "item 4", k=30)
    assert sorted(row["item"] for row in told["items"]) == sorted(ITEMS)
    assert (told["source"], told["skipped"], told["unknown"], told["notes"]) == ("model", 0, [], [])
    scores = [row["score"] for row in told["items"]]
    assert scores == sorted(scores, reverse=True)
    facts = {row["item"]: (row["category"], row["price"]) for row in told["items"]}
    assert (facts["item 3"], facts["item 29"]) == (("[bold]shoes[/bold]", 3.0), (None, 29.0))


def test_the_table_shows_what_json_tells(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = answer(workdir, capsys, "item 3", "new", exclude=["item 5", "gone"])
    recommend_command(["item 3", "new"], Wishes(**{**vars(PLAIN), "exclude": ["item 5", "gone"]}), workdir, False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["item", "category", "price", "score"]
    for row, line in zip(told["items"], lines[1:7], strict=True):
        assert line.split() == [*row["item"].split(), row["category"], f"{row['price']:.2f}", f"{row['score']:.4f}"]
    assert lines[7:] == told["notes"]
    assert told["notes"] == [
        "1 of 2 items of the session are not known and skipped: new.",
        "1 items to exclude are not known, so they could not come anyway: gone.",
    ]


def test_filters_reach_the_list(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = answer(
        workdir, capsys, "item 3", "sold once", k=9,
        exclude_seen=True, exclude=["item 6"], same_category=True, min_price=4.0, max_price=12.0,
    )  # fmt: skip
    assert {row["item"] for row in told["items"]} == {"item 4", "item 8", "item 10", "item 12"}
    assert told["category"] == "hats"
    assert "Only 4 of 9 items: the catalogue has no more that may be shown." in told["notes"]
    shoes = answer(workdir, capsys, "item 2", categories=["[bold]shoes[/bold]"], k=15)
    assert {row["item"] for row in shoes["items"]} == set(ITEMS[1:28:2])


def test_typed_kinds_and_gaps_reach_the_list(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recommender = Recommender.load(workdir / "train")
    told = answer(workdir, capsys, "item 3", "item 4", events="view, cart", gaps="0,75.5")
    found = recommender.recommend([["item 3", "item 4"]], events=[["view", "cart"]], gaps=[[0.0, 75.5]])[0]
    assert [(row["item"], row["score"]) for row in told["items"]] == [(item, round(score, 6)) for item, score in found]
    assert told["items"] != answer(workdir, capsys, "item 3", "item 4", events="view,view", gaps="0,75.5")["items"]
    assert told["items"] != answer(workdir, capsys, "item 3", "item 4", events="view,cart")["items"]


def test_what_the_recommender_was_not_told_in_training_is_a_note(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_untrained(tmp_path / "train", ITEMS, RecommenderConfig(dimension=4, max_length=5))
    (tmp_path / CONFIG).write_text(PipelineConfig().model_dump_json())
    (tmp_path / "train" / "history.json").write_text(json.dumps({"abandonment": {}, "recommender": {"loss": [1.0]}}))
    assert answer(tmp_path, capsys, "item 3", events="cart", gaps="0")["notes"] == [
        "`--gaps` changes nothing: the recommender was trained without `recommender.use_gaps`."
    ]


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"events": "view"}, r"`--events` should have one kind for each of 2 items\. Received: 1"),
        ({"events": ""}, r"Received: 0"),
        ({"events": "view,click"}, r'among view, cart, .*\. Received: "click"'),
        ({"gaps": "0,1,2"}, r"`--gaps` should have one number of seconds for each of 2 items\. Received: 3"),
        ({"gaps": "0,soon"}, r'`--gaps` should have seconds, 0 or more\. Received: "soon"'),
        ({"gaps": "-1,2"}, r'Received: "-1"'),
        ({"gaps": "0,inf"}, r'Received: "inf"'),
    ],
)
def test_kinds_and_gaps_that_do_not_fit_are_refused(workdir: Path, wishes: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        recommend_command(["item 3", "item 4"], Wishes(**{**vars(PLAIN), **wishes}), workdir, as_json=False)


@pytest.mark.parametrize(
    ("session", "why"), [((), "The session is empty"), (("x", "y", "x"), "No item of the session")]
)
def test_nothing_to_go_by_gives_the_popular_ones_and_says_so(
    workdir: Path, capsys: pytest.CaptureFixture[str], session: tuple[str, ...], why: str
) -> None:
    told = answer(workdir, capsys, *session, same_category=True)
    assert [row["item"] for row in told["items"]] == list(ITEMS[:6])
    assert (told["source"], told["unknown"], told["category"]) == ("popularity", sorted(set(session)), None)
    assert any(note.startswith(why) for note in told["notes"])
    assert any("items of all categories are shown" in note for note in told["notes"])
    assert any(note.startswith("3 of 3 items") and note.endswith("x, y.") for note in told["notes"]) == bool(session)


@pytest.mark.parametrize("where", ["exclude", "bought", "categories", "session"])
def test_what_is_no_text_is_refused_in_words(workdir: Path, where: str) -> None:
    typed = [os.fsdecode(b"\xff")]
    wishes = PLAIN if where == "session" else Wishes(**{**vars(PLAIN), where: typed})
    with pytest.raises(InputError, match=r"typed in UTF-8\. Received: b'\\xff'"):
        recommend_command(typed if where == "session" else [], wishes, workdir, as_json=True)


def test_a_folder_without_a_recommender_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`--workdir` should be the folder of an earlier run"):
        recommend_command([], PLAIN, tmp_path, as_json=False)
    (tmp_path / CONFIG).write_text(PipelineConfig().model_dump_json())
    with pytest.raises(InputError, match=r"has no model yet\. Run first"):
        recommend_command([], PLAIN, tmp_path, as_json=False)
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "history.json").write_text('{"recommender": {"skipped": "too few sessions"}}')
    with pytest.raises(InputError, match="has no recommender, which this command needs: too few sessions"):
        recommend_command([], PLAIN, tmp_path, as_json=False)


def test_what_was_bought_is_left_out_whoever_says_so(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log_of = log(
        ("v", 0, "purchase", "item 5", None, None, 1), ("v", 1, "purchase", "sold once", None, None, 1),
        ("w", 2, "purchase", "item 6", None, None, 1), ("u", 3, "view", "item 7", None, None, 1),
    )  # fmt: skip
    (workdir / "ingest").mkdir(exist_ok=True)
    write_events(log_of, workdir / "ingest" / "events.parquet")
    told = answer(workdir, capsys, "item 3", k=30, bought=["item 8", "x"], visitor="v")
    assert {row["item"] for row in told["items"]} == set(ITEMS) - {"item 5", "item 8"}
    assert told["notes"] == [
        "Only 28 of 30 items: the catalogue has no more that may be shown.",
        "Visitor v has bought 2 items in this run's log; they are left out.",
        "1 items bought are not known, so they could not come anyway: x.",
    ]
    for visitor, note in (("u", "has bought 0 items"), ("x", "has no event in this run's log")):
        told = answer(workdir, capsys, "item 3", k=30, visitor=visitor)
        assert len(told["items"]) == 30
        assert [line for line in told["notes"] if line.startswith(f"Visitor {visitor} {note}")]


def test_what_is_out_of_stock_comes_from_a_file(
    workdir: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "stock.txt"
    file.write_text("item 1\ngone\n")
    told = answer(workdir, capsys, "item 3", k=30, exclude=["item 2"], exclude_file=file)
    assert {row["item"] for row in told["items"]} == set(ITEMS) - {"item 1", "item 2"}
    assert told["notes"][-1] == f"1 of 2 items in {file} are not known, so they could not come anyway: gone."
    with pytest.raises(InputError, match=r"`--exclude-file` should be a text file .* \(No such file"):
        answer(workdir, capsys, "item 3", exclude_file=tmp_path / "absent")


def test_an_item_that_comes_again_is_shown_once(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = answer(workdir, capsys, *["item 3", "item 4"] * 3, k=30)
    assert sorted(row["item"] for row in told["items"]) == sorted(ITEMS)
    assert told["notes"] == []


def test_a_session_of_ten_thousand_events_counts_by_its_latest_and_its_notes_stay_short(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = [f"item {place % 23}" for place in range(10_000)]
    assert answer(workdir, capsys, *long) == answer(workdir, capsys, *long[-5:])
    unseen = answer(workdir, capsys, *long, exclude_seen=True, k=30)
    assert {row["item"] for row in unseen["items"]} == set(ITEMS[23:])
    strange = [f"new {place}" for place in range(10_000)]
    told = answer(workdir, capsys, *strange, "item 3")
    assert (told["source"], told["skipped"], told["unknown"]) == ("model", 10_000, strange)
    assert told["notes"][0].endswith("skipped: " + ", ".join(strange[:10]) + " and 9,990 more.")


def test_a_catalogue_of_one_item(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_untrained(tmp_path / "train", ("only",), RecommenderConfig(dimension=4, max_length=5))
    (tmp_path / CONFIG).write_text(PipelineConfig().model_dump_json())
    (tmp_path / "train" / "history.json").write_text(json.dumps({"recommender": {"loss": [1.0]}}))
    for session in (["only"], [], ["only", "new"] * 9):
        told = answer(tmp_path, capsys, *session)
        assert [row["item"] for row in told["items"]] == ["only"]
        assert "Only 1 of 20 items: the catalogue has no more that may be shown." in told["notes"]
    assert answer(tmp_path, capsys, "only", exclude_seen=True)["items"] == []
