"""Pseudonyms: what the engine computes is what the standard library does, and no id is left anywhere."""

import hashlib
import hmac
from pathlib import Path

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.config import EngineConfig, IngestConfig
from data.engine import engine
from data.errors import InputError
from data.growing.log_parts import LOG_SOURCE, write_log
from data.raw.ingest import ingest
from data.raw.pseudonyms import VARIABLE, key_digest, pseudonym, pseudonyms
from tests.data.ingesting import HEADER, events, ingest_text, source

KEY = "a secret of one shop"
LOG = HEADER.replace("\n", ",session\n") + (
    "anna.karenina,2024-01-01 00:00:00,view,i1,anna.karenina-1\n"
    "anna.karenina,2024-01-01 00:01:00,cart,i1,anna.karenina-1\n"
    "vronsky,2024-01-01 00:02:00,view,i1,\n"
    "anna.karenina,not a time,view,i1,anna.karenina-1\n"
)


@settings(max_examples=30, deadline=None)
@given(key=st.binary(min_size=16, max_size=100), texts=st.lists(st.text(min_size=1), min_size=1, max_size=20))
def test_the_engine_computes_rfc_2104(key: bytes, texts: list[str]) -> None:
    ids = [text.replace("\0", "0") for text in texts]  # the engine's texts hold none
    with engine(EngineConfig(), Path()) as backend:
        table = ibis.memtable({"id": ids})
        found = backend.to_pyarrow(table.mutate(hashed=pseudonyms(key, table.id))).to_pylist()
    for row in found:
        expected = hmac.new(key, row["id"].encode(), hashlib.sha256).hexdigest()[:32]
        assert row["hashed"] == expected == pseudonym(key, row["id"])


def test_no_id_is_left_and_everything_else_is_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    config = source({"session_id": "session"})
    ingest_text(LOG, tmp_path, config)
    plain = events(tmp_path)
    out = tmp_path / "hashed"
    out.mkdir()
    ingest(config, IngestConfig(max_bad_share=1.0, hash_visitors=True), EngineConfig(), tmp_path / "log.csv", out)
    for file in out.iterdir():
        assert not [name for name in (b"anna", b"karenina", b"vronsky", KEY.encode()) if name in file.read_bytes()]
    (out / "events.parquet").rename(tmp_path / "out" / "events.parquet")
    hashed = events(tmp_path)
    for name in ("visitor_id", "session_id"):
        expected = plain[name].map(lambda text: pseudonym(KEY.encode(), text), na_action="ignore")
        assert hashed[name].tolist() == expected.tolist()
    others = [name for name in plain if name not in ("visitor_id", "session_id")]
    assert hashed[others].equals(plain[others])


def test_a_log_of_pseudonyms_is_not_hashed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    rules = IngestConfig(max_bad_share=1.0, hash_visitors=True)
    (tmp_path / "log.csv").write_text(LOG)
    for name, read, path in (
        ("once", source({"session_id": "session"}), tmp_path / "log.csv"),
        ("again", LOG_SOURCE, tmp_path / "parts.parquet"),
    ):
        (tmp_path / name).mkdir()
        ingest(read, rules, EngineConfig(), path, tmp_path / name)
        write_log([tmp_path / name / "events.parquet"], tmp_path / "parts.parquet", EngineConfig(), tmp_path)
    once, again = (pd.read_parquet(tmp_path / name / "events.parquet") for name in ("once", "again"))
    pd.testing.assert_frame_equal(once, again)


@pytest.mark.parametrize("key", ["", "short"])
def test_without_a_key_nothing_is_read(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, key)
    (tmp_path / "log.csv").write_text(LOG)
    with pytest.raises(InputError, match="at least 16 characters"):
        ingest(source(), IngestConfig(hash_visitors=True), EngineConfig(), tmp_path / "log.csv", tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["log.csv"]


def test_another_key_gives_other_pseudonyms_and_another_digest() -> None:
    one, other = b"a" * 16, b"b" * 16
    assert pseudonym(one, "x") != pseudonym(other, "x")
    assert key_digest(one) != key_digest(other)
    assert one.hex() not in key_digest(one)
