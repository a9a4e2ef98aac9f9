"""From the raw log to events that keep the event contract."""

from pathlib import Path

import pandas as pd

from data.raw.ingest import ingest
from data.raw.pseudonyms import pseudonym, visitor_key
from pipeline.stage import Context, NotApplicable


def run(context: Context) -> None:
    """Write `events.parquet`, `quarantine.parquet` and `ingest.json`.

    The demo shop is simulated first and then comes in through the same door as any log.
    """
    config = context.config
    if config.source.kind == "features":
        raise NotApplicable("a feature table enters at split")
    source, path = config.source, config.source.path
    if source.kind == "demo":
        from data.demo import DEMO_SOURCE, write_demo

        context.progress.detail(f"simulating {config.demo.sessions:,} sessions")
        write_demo(config.demo, context.out / "demo")
        source, path = DEMO_SOURCE, context.out / "demo" / "events.parquet"
        if config.ingest.hash_visitors:
            _hash_truth(context.out / "demo" / "truth.parquet")
    assert path is not None
    context.progress.detail(f"reading {path}")
    report = ingest(
        source, config.ingest, config.engine, path, context.out, quarantine_copy=context.workdir / "quarantine.parquet"
    )
    if report["bad"]:
        context.progress.note(f"{report['bad']:,} of {report['rows']:,} rows break the event contract: quarantined")
    for note in report["notes"]:
        context.progress.note(note)


def _hash_truth(path: Path) -> None:
    """Give the truth the pseudonyms that the log will have, so that the two still go together."""
    key, truth = visitor_key(), pd.read_parquet(path)
    known = {name: pseudonym(key, name) for name in truth["visitor_id"].unique()}
    truth.assign(visitor_id=truth["visitor_id"].map(known)).to_parquet(path, index=False)
