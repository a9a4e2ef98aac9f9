"""From the raw log to events that keep the event contract."""

from data.ingest import ingest
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
    assert path is not None
    context.progress.detail(f"reading {path}")
    report = ingest(
        source, config.ingest, config.engine, path, context.out, quarantine_copy=context.workdir / "quarantine.parquet"
    )
    if report["bad"]:
        context.progress.note(f"{report['bad']:,} of {report['rows']:,} rows break the event contract: quarantined")
