"""Logs of known shops, read by their presets."""

import json
from datetime import datetime
from pathlib import Path

import pandas as pd

from tests.data.ingesting import events, ingest_text, preset, quarantine, run


def test_otto_sessions_become_events_and_broken_ones_are_quarantined(tmp_path: Path) -> None:
    lines = [
        {"session": 7, "events": [{"aid": 1, "ts": 1659304800025, "type": "clicks"},
                                  {"aid": 2, "ts": 1659304904511, "type": "carts"}]},
        {"session": 8, "events": [{"aid": 3, "ts": 1659304904511, "type": "orders"},
                                  {"aid": 3, "ts": "soon", "type": "orders"}]},
        {"session": 9},
    ]  # fmt: skip
    text = "\n".join(json.dumps(line) for line in lines) + '\n{"session": 10, "events": [{"aid"\n'
    ingest_text(text, tmp_path, preset("otto"), "train.jsonl")
    accepted = events(tmp_path)
    assert accepted[["visitor_id", "event", "item_id"]].to_numpy().tolist() == [
        ["7", "view", "1"], ["7", "cart", "2"], ["8", "purchase", "3"]]  # fmt: skip
    assert accepted["ts"].iloc[0] == datetime(2022, 7, 31, 22, 0, 0, 25_000)
    assert [reason for _, reason in quarantine(tmp_path)] == [
        "ts not readable", "no events in the session", "not valid JSON"]  # fmt: skip


def test_yoochoose_joins_clicks_and_buys(tmp_path: Path) -> None:
    folder = tmp_path / "yoochoose"
    folder.mkdir()
    (folder / "yoochoose-clicks.dat").write_text("1,2014-04-07T10:51:09.277Z,214536502,0\n")
    (folder / "yoochoose-buys.dat").write_text(
        "1,2014-04-07T10:54:09.868Z,214536502,12462,2\n1,2014-04-07T10:55:00.000Z,214536500,0,0\n"
    )
    result = run(preset("yoochoose"), folder, tmp_path / "out")
    accepted = events(tmp_path)
    assert accepted["event"].tolist() == ["view", "purchase", "purchase"]
    assert accepted["visitor_id"].tolist() == accepted["session_id"].tolist() == ["1"] * 3
    assert accepted["price"].fillna(-1).tolist() == [-1, 12462, -1]
    assert accepted["row"].tolist() == [1, 2, 3]
    assert result["bad"] == 0


def test_retailrocket_logs_are_read(tmp_path: Path) -> None:
    header = "timestamp,visitorid,event,itemid,transactionid\n"
    rows = "1433221332117,257597,view,355908,\n1433224214164,992329,transaction,248676,5\n"
    ingest_text(header + rows, tmp_path, preset("retailrocket"))
    assert events(tmp_path)["event"].tolist() == ["view", "purchase"]
    assert events(tmp_path)["ts"].iloc[0] == datetime(2015, 6, 2, 5, 2, 12, 117_000)


def test_taobao_quarantines_the_cut_off_line_and_what_is_out_of_range(retail_data: Path, tmp_path: Path) -> None:
    result = run(preset("taobao"), retail_data / "taobao" / "UserBehavior.csv", tmp_path / "out")
    assert {name: reason["count"] for name, reason in result["reasons"].items()} == {
        "ts outside time_from..time_to": 35, "too few columns": 1}  # fmt: skip
    assert result["rows"] == 84_476
    assert result["reasons"]["too few columns"]["examples"][0]["row"] == 84_476


def test_rees46_is_read_with_sessions_categories_and_prices(retail_data: Path, tmp_path: Path) -> None:
    result = run(preset("rees46"), retail_data / "rees46" / "2019-Oct.csv", tmp_path / "out")
    frame = pd.read_csv(retail_data / "rees46" / "2019-Oct.csv", skipfooter=1, engine="python", dtype=str)
    mapped = frame.drop(columns=["category_code", "brand"]).drop_duplicates()
    assert result["accepted"] == len(mapped)
    assert result["events"]["cart"] == (mapped["event_type"] == "cart").sum()
    assert events(tmp_path)["price"].tolist() == mapped["price"].astype(float).tolist()
    assert events(tmp_path)["category"].notna().all()
