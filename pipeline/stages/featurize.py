"""What was knowable at each decision point, and its label."""

from data.featurize import featurize, featurize_sequences
from pipeline.stage import Context, NotApplicable


def run(context: Context) -> None:
    """Write `examples.parquet`, `sequences.parquet`, `catalogue.parquet`, `features.json` and `featurize.json`.

    Without an abandonment model there are only the sequences, the catalogue and `featurize.json`; the multi-task
    networks want `example_sequences.parquet` as well.
    """
    config = context.config
    if config.source.kind == "features":
        raise NotApplicable("a feature table enters at split")
    events = context.input("sessionize") / "events.parquet"
    if config.abandonment.enabled:
        featurize(events, config.features, config.session, config.engine, context.out, config.multi_task.enabled)
    else:
        featurize_sequences(events, config.features, config.engine, context.out)
