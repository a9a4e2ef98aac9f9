"""Assigns each event to a session."""

from data.sessions import write_sessions
from pipeline.stage import Context, NotApplicable


def run(context: Context) -> None:
    """Write `events.parquet` with `session_id` and `step`, and `sessionize.json`."""
    if context.config.source.kind == "features":
        raise NotApplicable("a feature table enters at split")
    events = context.input("ingest") / "events.parquet"
    write_sessions(events, context.config.session, context.config.engine, context.out)
