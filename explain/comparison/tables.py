"""Tables of a comparison, for the page and as CSV."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from data.spreadsheet import harmless
from explain.comparison.phrases import gap_text, many, reason, seconds_text
from explain.comparison.rows import Comparison, Row, failed_trials, is_behind, number, numbers
from explain.tables import Cell, Grid, figure_cell
from explain.wording import DASH, decimal_text, metric_name, number_text


def standing_table(found: Comparison) -> Grid:
    """The alternatives in order, with quality, cost and the settings that the trials chose."""
    rows: list[tuple[str | Cell, ...]] = [
        (
            _who(f"{place}. {row['label']}", row),
            figure_cell(row["quality"][0], row["quality"][1:]),
            _behind(found, row),
            Cell("best" if row is found.best else "no" if is_behind(row) else "yes"),
            _to_target(row),
            seconds_text(row["seconds"]),
            _lost(row),
            settings_text(row["settings"]) or DASH,
        )
        for place, row in enumerate(found.done, 1)
    ]
    rows += [
        (_who(row["label"], row), *(Cell(DASH) for _ in range(5)), _lost(row), f"failed: {reason(row)}")
        for row in found.failed
    ]
    head = ("Alternative", metric_name(found.result["judged"]), "Behind the best", "Level",
            "To the target", "Each training", "Failed trials", "Best settings")  # fmt: skip
    return Grid("Alternatives, the best first", head, tuple(rows), frozenset({3, 7}))


def trials_table(found: Comparison) -> Grid:
    """Every trial of every alternative."""
    rows: list[tuple[str | Cell, ...]] = [
        (
            str(row["label"]),
            decimal_text(number(trial["value"]), 4),
            str(trial.get("epochs") or DASH),
            seconds_text(trial["seconds"]),
            settings_text(trial["settings"]) or DASH,
            str(trial.get("error") or trial["status"]),
        )
        for row in (*found.done, *found.failed)
        for trial in row["trials"]
    ]
    head = ("Alternative", metric_name(found.result["monitor"]), "Epochs", "Time", "Settings", "Status")
    return Grid("Every trial", head, tuple(rows), frozenset({4, 5}))


def standing_csv(found: Comparison) -> str:
    """The alternatives, a figure a column."""
    columns = ("epochs_to_target", "steps_to_target", "seconds_to_target", "seconds")
    return _csv(
        {
            "rank": place if row in found.done else None,
            "name": row["name"],
            "title": row["title"],
            "reference": row["reference"],
            **_triple("quality", row),
            **_triple("behind", row),
            "level": None if row in found.failed else not is_behind(row),
            **{name: row.get(name) for name in columns},
            "trials": len(row["trials"]),
            "failed_trials": failed_trials(row),
            "settings": json.dumps(row["settings"]),
            "error": row.get("error"),
        }
        for place, row in enumerate((*found.done, *found.failed), 1)
    )


def trials_csv(found: Comparison) -> str:
    """Every trial, a setting a column."""
    trials = [(row, trial) for row in (*found.done, *found.failed) for trial in row["trials"]]
    names = sorted({name for _, trial in trials for name in trial["settings"]})
    return _csv(
        {
            "alternative": row["name"],
            found.result["monitor"]: trial["value"],
            "epochs": trial.get("epochs"),
            "seconds": trial["seconds"],
            "status": trial["status"],
            "error": trial.get("error"),
            **{name: trial["settings"].get(name) for name in names},
        }
        for row, trial in trials
    )


def settings_text(settings: Mapping[str, Any]) -> str:
    """Settings as "learning rate 0.003, rho 0.95"."""
    shown = {setting_name(name): value for name, value in settings.items()}
    return ", ".join(f"{name} {value_text(value)}" for name, value in shown.items())


def setting_name(key: str) -> str:
    """A dotted key of the configuration for a reader; the update rule's settings go by their own name."""
    return key.removeprefix("optimizer.").replace("_", " ").replace(".", ", ")


def value_text(value: object) -> str:
    """A setting's value with three figures, which tell 0.999 from 1."""
    if isinstance(value, float):
        return f"{value:.3g}"
    return str(value)


def _who(label: str, row: Row) -> Cell:
    return Cell(label, str(row["reference"] or ""))


def _lost(row: Row) -> str:
    return f"{failed_trials(row)} of {len(row['trials'])}"


def _behind(found: Comparison, row: Row) -> Cell:
    if row is found.best or not numbers(row["behind"]):
        return Cell(DASH)
    gap, _, interval = gap_text(row).partition(" (")
    return Cell(gap, interval.removesuffix(")"))


def _to_target(row: Row) -> Cell:
    if number(row["seconds_to_target"]) is None:
        return Cell("not reached")
    epochs = number_text(round(row["epochs_to_target"], 1))
    below = f"{epochs} epoch{'' if epochs == '1' else 's'}, {many(round(row['steps_to_target']), 'step')}"
    return Cell(seconds_text(row["seconds_to_target"]), below)


def _triple(name: str, row: Row) -> dict[str, Any]:
    return dict(zip((name, f"{name}_low", f"{name}_high"), row.get(name) or (None,) * 3, strict=True))


def _csv(rows: Any) -> str:
    table: Sequence[Mapping[str, Any]] = list(rows)
    text = io.StringIO()
    names = list(table[0]) if table else []
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([harmless(name) for name in names])
    writer.writerows([harmless(row[name]) for name in names] for row in table)
    return text.getvalue()
