"""What was knowable at each decision point, and its label."""

from data.featurize import featurize
from pipeline.stage import Context, NotApplicable


def run(context: Context) -> None:
    """Write `examples.parquet`, `sequences.parquet`, `features.json` and `featurize.json`."""
    config = context.config
    if config.source.kind == "features":
        raise NotApplicable("a feature table enters at split")
    events = context.input("sessionize") / "events.parquet"
    featurize(events, config.features, config.session, config.engine, context.out)
