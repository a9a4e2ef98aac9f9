"""What was knowable at each decision point, and its label."""

from data.features import featurize
from pipeline.stage import Context, NotApplicable


def run(context: Context) -> None:
    """Write `examples.parquet`, `sequences.parquet`, `features.json` and `featurize.json`."""
    config = context.config
    if config.source.kind == "features":
        raise NotApplicable("a feature table enters at split")
    featurize(context.input("sessionize") / "events.parquet", config.features, config.engine, context.out)
