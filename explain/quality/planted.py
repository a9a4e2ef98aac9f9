"""Accuracy against the truth, where it is known: the demo shop's planted causes beside what the model learnt."""

import numpy as np
import pandas as pd

from data.demo import truth
from data.errors import InputError
from explain.attributing.explanations import PREFIX
from explain.quality.agreement import cart_spearman
from explain.quality.fidelity import row_correlation


def known_truth(known: pd.DataFrame, keys: pd.DataFrame) -> pd.DataFrame:
    """Rows of the truth table for the given decision points, in their order.

    Args:
        known: `ingest/demo/truth.parquet`.
        keys: n rows with at least `visitor_id` and `ts`.

    Raises:
        InputError: a decision point has no truth.
    """
    moments = pd.to_datetime(keys["ts"], utc=True).dt.tz_localize(None).astype("datetime64[us]")
    wanted = keys[["visitor_id"]].assign(ts=moments)
    joined = wanted.merge(known, on=["visitor_id", "ts"], how="left", validate="1:1")
    unknown = int(joined["p_abandon"].isna().sum())
    if unknown:
        raise InputError(
            f"The truth of the demo shop should cover every decision point. Received: {unknown:,} of {len(keys):,} "
            "without one. Make the shop anew: --from ingest"
        )
    return joined


def compare_causes(explained: pd.DataFrame, known: pd.DataFrame, train_keys: pd.DataFrame) -> pd.DataFrame:
    """Planted strength and mean |SHAP| of every cause and decoy over the explained carts, strongest planted first.

    Both are counted from the training examples' mean. The SHAP values of the features that show a cause are summed,
    signs kept, before taking sizes.

    Args:
        explained: keys and `attribution_<feature>` columns, as `attributions.parquet` has them.
        known: the truth table.
        train_keys: `visitor_id` and `ts` of the training examples.

    Returns:
        `planted`, `shap` and `agreement` (the correlation of the two, cart by cart; none for a decoy) by cause.
    """
    carts, usual = known_truth(known, explained), known_truth(known, train_keys)
    shown = {
        cause: explained[[f"{PREFIX}{f}" for f in features if f"{PREFIX}{f}" in explained]].sum(axis=1)
        for cause, features in truth.features_by_cause().items()
    }
    table = pd.DataFrame({
        "planted": truth.planted_effects(carts, usual),
        "shap": {cause: values.abs().mean() for cause, values in shown.items()},
        "agreement": {cause: _correlation(shown[cause], carts[cause]) for cause in truth.NAMES},
    })  # fmt: skip
    return table.sort_values("planted", ascending=False)


def planted_spearman(table: pd.DataFrame, decoys: bool = True) -> float:
    """Spearman's correlation of planted strength and mean |SHAP| in what `compare_causes` gives."""
    rows = table if decoys else table.loc[list(truth.NAMES)]
    return float(cart_spearman(*(rows[[side]].to_numpy(dtype=np.float64).T for side in ("planted", "shap")))[0])


def _correlation(a: pd.Series, b: pd.Series) -> float:
    return float(row_correlation(*(x.to_numpy(dtype=np.float64)[None] for x in (a, b)))[0])
