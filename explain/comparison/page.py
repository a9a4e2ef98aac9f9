"""The page of a comparison: one self-contained HTML file, with its tables as CSV beside it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from explain.comparison import figures, tables
from explain.comparison.method import LIMITS, method
from explain.comparison.phrases import counted, seconds_text, target_text
from explain.comparison.rate_charts import rate_figures
from explain.comparison.rows import Comparison, read_comparison
from explain.comparison.words import cautions, sentences
from explain.page import write_page, write_whole
from explain.wording import count_text, decimal_text, duration_text, interval_text, metric_name

TITLES = {
    "optimizer": "Optimizers side by side",
    "regularization": "Regularization side by side",
    "normalization": "Normalization side by side",
    "architecture": "Architectures side by side",
}
MODELS = {"abandonment": "abandonment model", "recommender": "recommender", "digits": "handwritten digits"}


def write_comparison(result: Mapping[str, Any], folder: Path) -> Path:
    """Write `compare-WHAT.html`, `compare-WHAT.csv` and `compare-WHAT-trials.csv`, each whole or not at all.

    The names begin with `compare-MODEL-WHAT` where the model is not the abandonment model.

    Args:
        result: what `python -m pipeline compare` found: the table of `models.study.results.summarize` with `what`,
            `model`, `preset`, `seed`, `budget` {trials, seeds, epochs, and, where a training came to its end, rows and
            judged_rows}, `seconds` of it all, and `configured`, the name of the alternative the run is configured
            with, where there is one.
        folder: made where it is missing.

    Returns:
        The page.
    """
    what, model = str(result["what"]), str(result["model"])
    name = f"compare-{what}" if model == "abandonment" else f"compare-{model}-{what}"
    found = read_comparison(result)
    write_whole(folder / f"{name}.csv", tables.standing_csv(found))
    write_whole(folder / f"{name}-trials.csv", tables.trials_csv(found))
    return write_page(folder, "comparison.html.j2", f"{name}.html", **_context(found), csv=name)


def _context(found: Comparison) -> dict[str, Any]:
    result, warned, rates = found.result, cautions(found), rate_figures(found)
    training, time = figures.training(found), figures.time(found)
    parts = [
        ("cautions", "Before you rely on it", warned),
        ("standing", "How they stand", True),
        ("curves", "Training", training),
        ("rates", "Learning rates", rates),
        ("time", "Time to the target", time),
        ("how", "How it was done", True),
        ("limits", "Limits", True),
    ]
    return {
        "data": {"title": TITLES.get(str(result["what"]), str(result["what"])), "source": _source(result)},
        "period": MODELS.get(str(result["model"]), str(result["model"])),
        "contents": [(id_, name) for id_, name, there in parts if there],
        "bottom_line": sentences(found),
        "key_figures": _key_figures(found),
        "cautions": warned,
        "quality": figures.quality(found),
        "standing": tables.standing_table(found),
        "training": training,
        "others": figures.others(found),
        "penalized": result["what"] == "regularization",
        "rates": rates,
        "time": time,
        "target": target_text(found),
        "trials": tables.trials_table(found),
        "method": method(found),
        "limits": LIMITS,
    }


def _source(result: Mapping[str, Any]) -> str:
    preset = f"Preset {result['preset']}, seed" if result["preset"] else "Seed"
    return f"{preset} {result['seed']}; {len(result['alternatives'])} alternatives under one budget"


def _key_figures(found: Comparison) -> list[dict[str, str]]:
    shown = []
    if found.best is not None:
        mean, *interval = found.best["quality"]
        metric = metric_name(str(found.result["judged"]))
        shown = [
            ("Best", str(found.best["label"]), f"of {len(found.done)} that were judged"),
            (f"Its {metric}", decimal_text(mean), f"95% interval {interval_text(interval)}"),
            ("Level with it", str(len(found.level)), f"of the other {len(found.done) - 1}"),
        ]
    if found.soonest is not None:
        took = seconds_text(found.soonest["seconds_to_target"])
        among = "of the best and those level with it" if found.level else "the best one"
        shown.append(("Soonest at the target", took, f"{found.soonest['label']}, {among}"))
    rows = found.result["budget"].get("judged_rows")
    judged = "" if rows is None else f"{count_text(rows)} {counted(found)} to judge by"
    shown.append(("The whole comparison", duration_text(found.result["seconds"]), judged))
    return [{"name": name, "value": value, "below": below} for name, value, below in shown]
