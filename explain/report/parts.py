"""Parts that the report of every run has: the recommender, the data, the training curves."""

from typing import Any

from explain.report import figures, recommender_tables, tables
from explain.report.data import RunData
from explain.tables import plain
from explain.wording import count_text, interval_text, share_text


def shared_parts(data: RunData) -> dict[str, Any]:
    """What the templates of these parts need."""
    stages = [part for part in (data.ingest, data.sessionize, data.featurize, data.split) if part]
    return {
        **_recommender(data),
        "data_facts": _facts(data),
        "split_note": _split_note(data.split),
        "quarantine": tables.quarantine_table(data.ingest) if data.ingest else None,
        "notes": [str(note) for part in stages for note in part.get("notes") or []] + data.notes,
        "histories": figures.histories(data),
    }


def period(split: dict[str, Any]) -> str:
    """First and last day of the split sessions, empty where they have no times."""
    moments = [side.get(edge) for side in split["counts"].values() for edge in ("from", "to")]
    days = sorted(str(moment)[:10] for moment in moments if moment)
    return f"{days[0]} to {days[-1]}" if days else ""


def span(interval: list[float] | None) -> str:
    """An interval as small print below its figure."""
    return f"95% interval {interval_text(interval)}" if interval else ""


def settings_rows(best: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """A model's settings, one a row; what is nested is named with the group it stands in."""
    rows: list[tuple[str, str]] = []
    for name, value in best.items():
        title = f"{prefix}{name}".replace("_", " ")
        if isinstance(value, dict):
            rows += settings_rows(value, f"{title}, ")
        elif title != "enabled":
            rows.append((title, plain(value)))
    return rows


def _recommender(data: RunData) -> dict[str, Any]:
    found = data.metrics.get("recommender") or {"skipped": "it was not trained"}
    if "skipped" in found:
        return {"recommender_table": None, "recommender_skipped": str(found["skipped"]).rstrip(".")}
    names = list(found["test"])
    return {
        "recommender_table": tables.metrics_table(
            found, names, f"Next item among {names[0].partition('_at_')[2]} shown"
        ),
        "recommender_differences": tables.differences_table(found, "The recommender less each baseline"),
        "recommender_counts": found["counts"],
        "recommender_sample": found["sample_of"],
        "recommender_lengths": recommender_tables.lengths_table(found),
        "recommender_variety": recommender_tables.variety_table(found),
        "recommender_parts": recommender_tables.parts_table(found),
        "recommender_chart": figures.recommender(data),
        "recommender_start": (data.history.get("recommender") or {}).get("warm_start", {}).get("note"),
    }


def _facts(data: RunData) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    if data.ingest:
        found = data.ingest
        events = ", ".join(f"{count_text(count)} {name}" for name, count in found["events"].items() if count)
        rows += [
            ("Rows read", f"{count_text(found['rows'])}, {count_text(found['accepted'])} accepted"),
            ("Set aside", f"{count_text(found['bad'])} ({share_text(found['bad_share'])})"),
            ("Duplicates dropped", count_text(found["duplicates_dropped"])),
            *([("Ignored, by `source.events`", count_text(found["ignored"]))] if found.get("ignored") else []),
            ("Events", events),
            ("Time", f"{str(found['first_ts'])[:16]} to {str(found['last_ts'])[:16]}".replace("T", " ") + " UTC"),
            ("Visitors and items", f"{count_text(found['visitors'])} and {count_text(found['items'])}"),
        ]
    if data.sessionize:
        carts = data.sessionize["cart_sessions"]
        with_cart = f", with a cart {count_text(carts)}" if carts else ""
        rows.append(("Sessions", count_text(data.sessionize["sessions"]) + with_cart))
    if data.featurize and "examples" in data.featurize:
        rows.append(("Decision points", count_text(data.featurize["examples"])))
        if data.featurize.get("censored_sessions"):
            rows.append(("Sessions cut off by the end of the log", count_text(data.featurize["censored_sessions"])))
    return rows


def _split_note(split: dict[str, Any]) -> str:
    how = {
        "time": "Split by time with sessions kept whole: the model is tested on what came after it was trained.",
        "group": "Split by visitor or group, at random but repeatable: no group is on two sides.",
    }.get(str(split.get("by")), "")
    dropped = split.get("dropped_sessions")
    return how + (f" {count_text(dropped)} sessions that cross a boundary were dropped." if dropped else "")
