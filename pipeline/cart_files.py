"""The files that answers about live carts take (`explain.cart.model`), from those of a run."""

import shutil
from pathlib import Path

import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.examples import read_examples
from data.live.live_cart import SessionRules
from data.live.log_history import write_history
from explain.attributing.attribution import background_sample
from explain.cart.model import FEATURES, MODEL, RECOMMENDER, RULES, THRESHOLD, CartRules, write_background
from models.recommending.recommender import FILES
from pipeline.config import PipelineConfig

CARTED = "2026-03-01T12:01:30Z"


def write_cart_model(config: PipelineConfig, workdir: Path, folder: Path) -> None:
    """All of them, without the id of any visitor or session.

    Args:
        config: the run's configuration.
        workdir: its folder.
        folder: a folder to fill, made where it is missing.
    """
    write_scorer(config, workdir, folder)
    write_history(workdir / "sessionize" / "events.parquet", folder, config.engine)
    files = [workdir / "train" / name for name in FILES]
    copy_files(folder / RECOMMENDER, *(file for file in files if file.exists()))


def write_scorer(config: PipelineConfig, workdir: Path, folder: Path) -> None:
    """Those of the abandonment model alone."""
    train, split = workdir / "train", workdir / "split"
    copy_files(folder, train / MODEL, train / THRESHOLD, split / FEATURES)
    write_background(background_sample(read_examples(split, "train"), config.explain.background, config.seed), folder)
    (folder / RULES).write_text(cart_rules(config).model_dump_json(indent=1) + "\n")


def cart_rules(config: PipelineConfig) -> CartRules:
    """What of a configuration answers depend on."""
    session = SessionRules(
        gap_minutes=config.session.gap_minutes,
        drop_duplicates=config.source.duplicates == "drop",
        hash_visitors=config.ingest.hash_visitors,
    )
    return CartRules(session=session, costs=config.costs, hide_bought=config.rescue.hide_bought)


def example_carts(workdir: Path) -> pd.DataFrame:
    """Two rows for `told_carts`: made-up carts of an item that the log knows, one told in full and one in brief."""
    log = workdir / "sessionize" / "events.parquet"
    first = next(
        event
        for batch in pq.ParquetFile(log).iter_batches(columns=["event", "item_id", "category", "price"])
        for event in batch.filter(pc.equal(batch["event"], "cart")).to_pylist()
    )
    item, category, price = first["item_id"], first["category"] or "category", first["price"] or 9.99
    known = {"item_id": item, "category": category, "price": price, "quantity": 1}
    full = [{"ts": ts, "event": event, **known} for ts, event in (("2026-03-01T12:00:00Z", "view"), (CARTED, "cart"))]
    brief = [{"ts": CARTED, "event": "cart", "item_id": item}]
    # What the second row leaves out is optional in the signature that is logged.
    rows = {"visitor_id": ["visitor 1", None], "session_id": ["session 1", None], "events": [full, brief]}
    return pd.DataFrame(rows, dtype=object)  # pandas would write text that is not there as NaN, which is no JSON


def copy_files(folder: Path, *files: Path) -> None:
    """Copy files into a folder, made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copyfile(file, folder / file.name)
