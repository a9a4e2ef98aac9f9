"""From sessions to examples and sequences."""

import json
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import ibis

from data.catalogue import write_catalogue
from data.config import EngineConfig, FeatureConfig, SessionConfig
from data.engine import engine, keep, read_parquet, write_parquet
from data.errors import InputError
from data.feature import Feature, write_features
from data.features.at import features_at
from data.features.catalogue import available_features
from data.features.labels import labelled_points
from data.sequences import example_sequences, item_sequences

KEYS = ("session_id", "visitor_id", "decision_point", "ts", "session_start", "session_end", "abandoned")

ORDER = ("session_start", "session_id", "decision_point")
"""What orders the rows of `examples.parquet`, and of `example_sequences.parquet` beside it."""

MANY_UNFINISHED = 0.2
"""Share of cart sessions with an unknown outcome up to which `features.unfinished = "auto"` drops them."""


def featurize(
    events_path: Path,
    config: FeatureConfig,
    session: SessionConfig,
    engine_config: EngineConfig,
    out: Path,
    with_sequences: bool = False,
) -> dict[str, Any]:
    """Write `examples.parquet`, `sequences.parquet`, `catalogue.parquet`, `features.json` and `featurize.json`.

    Args:
        events_path: events with sessions, as sessionize writes them.
        config: decision points, horizon and length of sequences.
        session: the gap, after which a session is known to be over.
        engine_config: the SQL engine.
        out: existing folder to write to.
        with_sequences: write `example_sequences.parquet` as well: what each example's session held up to its decision
            point, in the rows' order of `examples.parquet`.

    Returns:
        What `featurize.json` holds.

    Raises:
        InputError: no cart event, one session only, or carts that are all abandoned or all bought.
    """
    with tempfile.TemporaryDirectory(dir=out) as scratch, engine(engine_config, Path(scratch)) as backend:
        sessions = read_parquet(backend, events_path)
        log = _log_facts(sessions)
        _check_carts(log)
        _check_sessions(log)
        points = keep(backend, labelled_points(sessions, config, session))
        facts, points = _settle(points, config)
        _check_labels(facts, log)
        specs, notes = available_features(log["known"], log["kinds"])
        write_parquet(_examples(sessions, points, specs), out / "examples.parquet", sort_by=ORDER)
        if with_sequences:
            at_points = example_sequences(sessions, points, config.max_sequence)
            write_parquet(at_points, out / "example_sequences.parquet", sort_by=ORDER)
        _write_sequences(sessions, config, out)
        write_catalogue(sessions, out / "catalogue.parquet")
    write_features(specs, out / "features.json")
    result = {**facts, "notes": [*_unfinished_note(facts), *notes]}
    (out / "featurize.json").write_text(json.dumps(result, indent=1) + "\n")
    return result


def featurize_sequences(
    events_path: Path, config: FeatureConfig, engine_config: EngineConfig, out: Path
) -> dict[str, Any]:
    """Write `sequences.parquet`, `catalogue.parquet` and `featurize.json`: all that a recommender alone needs.

    No cart event is needed.

    Args:
        events_path: events with sessions, as sessionize writes them.
        config: length of sequences.
        engine_config: the SQL engine.
        out: existing folder to write to.

    Returns:
        What `featurize.json` holds: `sessions`, `events` and `notes`.

    Raises:
        InputError: one session only.
    """
    with tempfile.TemporaryDirectory(dir=out) as scratch, engine(engine_config, Path(scratch)) as backend:
        sessions = read_parquet(backend, events_path)
        log = _log_facts(sessions)
        _check_sessions(log)
        _write_sequences(sessions, config, out)
        write_catalogue(sessions, out / "catalogue.parquet")
    result = {"sessions": log["sessions"], "events": log["events"], "notes": []}
    (out / "featurize.json").write_text(json.dumps(result, indent=1) + "\n")
    return result


def _write_sequences(sessions: ibis.Table, config: FeatureConfig, out: Path) -> None:
    write_parquet(
        item_sequences(sessions, config.max_sequence),
        out / "sequences.parquet",
        sort_by=["session_start", "session_id"],
    )


def _examples(sessions: ibis.Table, points: ibis.Table, specs: tuple[Feature, ...]) -> ibis.Table:
    labels = points.select("session_id", "step", "session_end", "abandoned")
    joined = features_at(sessions, points, partial(keep, sessions.get_backend())).join(labels, ["session_id", "step"])
    names = [spec.name for spec in specs if spec.name not in KEYS]
    return joined.select(*KEYS, *names)


def _log_facts(sessions: ibis.Table) -> dict[str, Any]:
    by_kind = sessions.group_by("event").agg(
        events=sessions.count(),
        sessions=(sessions.step == 0).cast("int64").sum(),
        **{name: sessions[name].count() for name in ("price", "category", "quantity")},
    )
    frame = by_kind.to_pyarrow().to_pandas()
    return {
        "events": int(frame["events"].sum()),
        "sessions": int(frame["sessions"].sum()),
        "known": [name for name in ("price", "category", "quantity") if frame[name].sum() > 0],
        "kinds": sorted(frame["event"]),
    }


def _check_carts(log: dict[str, Any]) -> None:
    if "cart" not in log["kinds"]:
        raise InputError(
            f"There is no cart event among {log['events']:,}, so nothing can be abandoned. Kinds of event found: "
            f'{", ".join(log["kinds"])}. Map the source\'s name for a cart event to "cart" in `source.events`; '
            "or make the recommender alone: --set abandonment.enabled=false"
        )


def _check_sessions(log: dict[str, Any]) -> None:
    if log["sessions"] == 1:
        raise InputError(
            f"All {log['events']:,} events belong to one session; examples of many sessions are needed. Check which "
            "column `source.columns.visitor_id` and `source.columns.session_id` name."
        )


def _settle(points: ibis.Table, config: FeatureConfig) -> tuple[dict[str, Any], ibis.Table]:
    """Drop or keep carts whose outcome the log does not show; the counts, and the points with a label each."""
    sessions = points.session_id.nunique().to_pyarrow().as_py()
    unfinished = points.session_id.nunique(where=points.abandoned.isnull()).to_pyarrow().as_py()
    few = unfinished <= MANY_UNFINISHED * sessions
    drop = config.unfinished == "drop" or (config.unfinished == "auto" and few)
    kept = points.filter(points.abandoned.notnull()) if drop else points.mutate(abandoned=points.abandoned.fill_null(1))
    facts = {
        **_label_facts(kept),
        "censored_sessions": unfinished if drop else 0,
        "unfinished_kept": 0 if drop else unfinished,
    }
    return facts, kept


def _label_facts(points: ibis.Table) -> dict[str, Any]:
    """Counts of examples by decision point and label."""
    by_point = points.group_by("decision_point").agg(examples=points.count(), abandoned=points.abandoned.sum())
    frame = by_point.order_by("decision_point").to_pyarrow().to_pandas()
    examples, abandoned = int(frame["examples"].sum()), int(frame["abandoned"].sum())
    return {
        "examples": examples,
        "sessions": points.session_id.nunique().to_pyarrow().as_py(),
        "abandoned_share": abandoned / examples if examples else None,
        "by_decision_point": {
            str(k): {"examples": int(n), "abandoned_share": int(lost) / int(n)}
            for k, n, lost in frame.itertuples(index=False)
        },
    }


def _check_labels(facts: dict[str, Any], log: dict[str, Any]) -> None:
    if not facts["examples"]:
        raise InputError(
            f"No example could be taken from {log['sessions']:,} sessions: in {facts['censored_sessions']:,} with a "
            "cart event the log ends before the outcome is known, and in the rest a purchase comes before the first "
            "cart event or no decision point is reached. A longer log is needed, or a smaller k in "
            "`features.decision_points`."
        )
    if facts["abandoned_share"] in (0, 1):
        what, other = ("abandoned", "purchase") if facts["abandoned_share"] else ("bought", "left cart")
        raise InputError(
            f"All {facts['examples']:,} examples from {facts['sessions']:,} cart sessions are {what}; a model needs "
            f"both outcomes, and the log has no {other} to learn from. Check that `source.events` maps the source's "
            "name for a purchase, or give a longer log."
        )


def _unfinished_note(facts: dict[str, Any]) -> list[str]:
    dropped, kept = facts["censored_sessions"], facts["unfinished_kept"]
    if dropped:
        return [f"{dropped:,} cart sessions were left out: the log ends before their outcome is known."]
    if kept:
        return [
            f"{kept:,} of {facts['sessions']:,} cart sessions may go on after the log ends; they count as abandoned. "
            'A longer log shows their outcome; `features.unfinished = "drop"` leaves them out.'
        ]
    return []
