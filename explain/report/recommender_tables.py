"""Tables of the recommender: by length of the list, by how much of the catalogue is shown, and by part of the steps."""

from collections.abc import Mapping, Sequence
from typing import Any

from explain.report.findings import baseline_name, best_baseline
from explain.tables import Cell, Grid
from explain.wording import DASH, count_text, decimal_text, interval_text, metric_name, share_text, upper_first

ACCURACY = ("recall", "mrr", "ndcg")


def lengths_table(found: Mapping[str, Any]) -> Grid:
    """Recall, MRR and NDCG of every model for lists of every length."""
    names = [name for name in next(iter(found["by_k"].values())) if name.partition("_at_")[0] in ACCURACY]
    ordered = sorted(names, key=lambda name: ACCURACY.index(name.partition("_at_")[0]))
    return Grid(
        "Shorter and longer lists",
        ("Model", *(metric_name(name) for name in ordered)),
        tuple((_who(who), *(decimal_text(row[name]) for name in ordered)) for who, row in found["by_k"].items()),
    )


def variety_table(found: Mapping[str, Any]) -> Grid:
    """How much of the catalogue every model shows, how evenly, and how surprising it is."""
    k = next(iter(found["test"])).partition("_at_")[2]
    names = [f"{base}_at_{k}" for base in ("coverage", "gini", "novelty")]
    rows = [
        (
            _who(who),
            share_text(row[names[0]]),
            decimal_text(row[names[1]]),
            decimal_text(row[names[2]], 1),
        )
        for who, row in found["by_k"].items()
    ]
    return Grid("What is shown at all", ("Model", *(metric_name(name) for name in names)), tuple(rows))


def parts_table(found: Mapping[str, Any]) -> Grid | None:
    """How good the recommender is for parts of the test steps; None where there are no parts."""
    if not found["slices"]:
        return None
    recall, mrr = list(found["test"])[:2]
    rows = [
        (
            Cell(str(part["slice"]), str(part["title"])),
            count_text(part["n"]),
            _figure(part["test"][recall], part["test_intervals"][recall]),
            _figure(part["test"][mrr], part["test_intervals"][mrr]),
            _best(part, recall),
        )
        for part in found["slices"]
    ]
    head = (
        "Part of the steps",
        "Steps",
        metric_name(recall),
        metric_name(mrr),
        f"Best baseline, {metric_name(recall)}",
    )
    return Grid("Quality by part of the steps", head, tuple(rows))


def _best(part: dict[str, Any], metric: str) -> Cell:
    best = best_baseline(part, metric)
    return Cell(DASH) if best is None else Cell(decimal_text(part["baselines"][best][metric]), _who(best))


def _figure(value: float, interval: Sequence[float]) -> Cell:
    return Cell(decimal_text(value), interval_text(list(interval)))


def _who(name: str) -> str:
    return upper_first("this model" if name == "model" else baseline_name(name))
