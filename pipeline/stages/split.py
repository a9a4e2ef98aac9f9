"""Which examples train, choose and test; and whether a feature gives the label away."""

import json

from data.examples import read_examples
from data.splitting.leaks import leak_guard
from pipeline.stage import Context


def run(context: Context) -> None:
    """Write `train.parquet`, `validation.parquet`, `test.parquet`, `features.json`, `split.json` and `leaks.json`.

    A source with items adds `sequences_train.parquet` and its two siblings; a feature table enters here. Without an
    abandonment model there are only the sequences and `split.json`.
    """
    config = context.config
    if not config.abandonment.enabled:
        from data.splitting.sequence_splits import split_sequences

        split_sequences(context.input("featurize"), config.split, context.out)
        return
    if config.source.kind == "features":
        from data.table.feature_table import split_feature_table

        assert config.source.path is not None
        split_feature_table(config.source, config.source.path, config.split, context.out)
    else:
        from data.splitting.splits import split_examples

        split_examples(context.input("featurize"), config.split, context.out)
    _guard(context)


def _guard(context: Context) -> None:
    context.progress.detail("looking for features that give the label away")
    leaks = leak_guard(
        read_examples(context.out, "train"), read_examples(context.out, "validation"), context.config.split
    )
    (context.out / "leaks.json").write_text(json.dumps(leaks, indent=1, ensure_ascii=False) + "\n")
    for leak in leaks:
        context.progress.note(
            f"Leak guard: `{leak['feature']}` alone reaches AUC {leak['auc']:.3f}. If it is not known at the decision "
            f"point, leave it out: --set source.exclude='[\"{leak['feature']}\"]'"
        )
