"""The demo from the command line: run, run again, explain, score, and the models from the registry."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd

from pipeline.stage import STAGES
from tests.e2e.conftest import SMALL, pipeline

AGAIN = ("--set", "demo.sessions=3000", *SMALL)


def summary(home: Path) -> dict[str, object]:
    table: dict[str, object] = json.loads((home / "work" / "summary.json").read_text())
    return table


def test_the_summary_has_the_keys_that_scripts_rely_on(demo: Path) -> None:
    found = pd.json_normalize(summary(demo), sep="/").iloc[0]
    for metric in ("auc", "average_precision", "log_loss", "brier", "ece"):
        assert 0 < found[f"abandonment/test/{metric}"] < 1.5
        for baseline in ("logistic_regression", "gradient_boosting"):
            assert f"abandonment/baselines/{baseline}/{metric}" in found
    for metric in ("recall_at_20", "mrr_at_20", "ndcg_at_20", "coverage_at_20"):
        assert 0 < found[f"recommender/test/{metric}"] <= 1
        assert f"recommender/baselines/markov/{metric}" in found
    for stage in STAGES:
        assert found[f"stages/{stage.name}/status"] == "done"
        assert found[f"stages/{stage.name}/seconds"] > 0
        assert found[f"stages/{stage.name}/peak_rss_mib"] > 0
    for measure in ("deletion_beats_random", "planted_spearman", "background_top_jaccard", "consistency_spearman"):
        assert 0 < found[f"explanations/{measure}"] <= 1
    assert found["explanations/seconds_per_1000_carts/shap"] > 0
    assert found["mlflow/experiment"] == "demo"


def test_nothing_changed_means_nothing_is_computed_and_tensorflow_stays_out(demo: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pipeline", "run", "--workdir", str(demo / "work"), *AGAIN],
        env={**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{demo / 'mlflow.db'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.split("|")[-1].strip() for line in process.stderr.splitlines() if line.startswith("import time:")}
    assert "pydantic" in imported
    assert not imported & {"tensorflow", "keras", "mlflow", "shap"}
    stages = summary(demo)["stages"]
    assert isinstance(stages, dict)
    assert {stage["status"] for stage in stages.values()} == {"skipped"}


def test_plan_says_what_a_change_would_run(demo: Path) -> None:
    told = pipeline("plan", "--workdir", demo / "work", *AGAIN, "--set", "explain.max_rows=50", home=demo).stdout
    rows = {line.split()[0]: line for line in told.splitlines()[1:]}
    assert "skip" in rows["evaluate"]
    assert "explain.max_rows 2000 → 50" in rows["explain"]
    assert "reads explain, which will run" in rows["register"]


def test_the_run_its_trials_and_its_data_are_in_mlflow(demo: Path) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{demo / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("demo")
    runs = client.search_runs([experiment.experiment_id])
    parents = [run for run in runs if run.data.tags["kind"] == "pipeline"]
    trials = [run for run in runs if run.data.tags["kind"] == "trial"]
    assert len(parents) == 1
    assert len(trials) == 2
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert {run.data.tags["mlflow.parentRunId"] for run in trials} == {parents[0].info.run_id}
    assert {used.dataset.name for used in parents[0].inputs.dataset_inputs} == {"train", "validation", "test"}
    metrics = summary(demo)["abandonment"]
    assert isinstance(metrics, dict)
    assert parents[0].data.metrics["abandonment.test.auc"] == metrics["test"]["auc"]
    told = summary(demo)["explanations"]
    assert isinstance(told, dict)
    logged = {name.removeprefix("explanation."): value for name, value in parents[0].data.metrics.items()}
    assert logged["faithfulness"] == told["faithfulness"]
    assert logged["seconds_per_1000_carts.shap"] == told["seconds_per_1000_carts"]["shap"]
    assert parents[0].data.params["abandonment.optimizer.name"] == "adadelta"
    assert "index.html" in {Path(f.path).name for f in client.list_artifacts(parents[0].info.run_id, "report")}
    for name in ("cart-abandonment", "next-item"):
        assert set(client.get_registered_model(name).aliases) == {"champion", "challenger"}


LOAD = """
import sys
sys.meta_path = [finder for finder in sys.meta_path if "editable" not in repr(finder).lower()]
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
for name in ("cart-abandonment", "next-item"):
    model = mlflow.pyfunc.load_model(f"models:/{name}@champion")
    answer = model.predict(model.input_example)
    print(name, len(answer), *answer.columns)
import models
print(models.__file__)
"""


def test_registered_models_predict_in_a_fresh_process_outside_the_checkout(demo: Path, tmp_path: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-c", LOAD, f"sqlite:///{demo / 'mlflow.db'}"],
        cwd=tmp_path,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    lines = process.stdout.splitlines()
    assert lines[0] == (
        "cart-abandonment 2 visitor_known decision_point abandonment_probability cart_value nudge reasons items skipped"
    )
    assert lines[1] == "next-item 3 items scores skipped"
    assert str(demo) in lines[2]


def test_explain_says_why_for_one_session_and_refuses_an_unknown_one(demo: Path, tmp_path: Path) -> None:
    test = pd.read_parquet(demo / "work" / "split" / "test.parquet")
    session = str(test["session_id"].iloc[0])
    page = tmp_path / "cart.html"
    told = pipeline("explain", "--session", session, "-o", page, "--workdir", demo / "work", home=demo).stdout
    assert session in told
    assert "predicted risk" in told
    assert session in page.read_text()
    for part in ("What would change the prediction", "Similar carts that were", "multi_task.enabled=true"):
        assert part in told
        assert part in page.read_text()
    refused = pipeline("explain", "--session", "nobody", "--workdir", demo / "work", home=demo, check=False)
    assert refused.returncode == 2
    assert "nobody" in refused.stderr


def test_explain_contrasts_a_group_with_the_rest_and_refuses_one_that_is_empty(demo: Path, tmp_path: Path) -> None:
    test = pd.read_parquet(demo / "work" / "split" / "test.parquet")
    late, page = test["hour"] >= 19, tmp_path / "late.html"
    told = pipeline("explain", "--where", "hour >= 19", "-o", page, "--workdir", demo / "work", home=demo).stdout
    assert f"The group has {late.sum():,} decision points of {test['session_id'][late].nunique():,} sessions" in told
    assert "hour &gt;= 19" in page.read_text()
    table = pd.read_csv(tmp_path / "late.csv").set_index("feature")
    assert float(table["typical_in_group"]["hour"]) >= 19 > float(table["typical_elsewhere"]["hour"])
    assert (table["difference_low"] <= table["difference_high"]).all()
    for condition, message in (
        ("hour_of_day >= 22", "Did you mean `hour`?"),
        ("hour >= 22 and cart_value > 1e7", f"selects 0 of {len(test):,} (`hour >= 22` alone"),
        ("__import__('os').getcwd()", "nothing but column names"),
    ):
        refused = pipeline("explain", "--where", condition, "--workdir", demo / "work", home=demo, check=False)
        assert refused.returncode == 2
        assert message in refused.stderr
        assert "Traceback" not in refused.stderr


def test_score_writes_a_rescue_list_of_open_carts(demo: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    pipeline("demo-data", fresh, "--sessions", "400", "--seed", "99", home=demo)
    for form in ("csv", "parquet"):
        out = tmp_path / f"rescue.{form}"
        more = ["--json"] if form == "parquet" else []
        told = pipeline(
            "score", fresh / "events.parquet", "-o", out, "--workdir", demo / "work", *more, home=demo
        ).stdout
        carts = pd.read_csv(out) if form == "csv" else pd.read_parquet(out)
        assert len(carts) > 20
        assert carts["session_id"].is_unique
        assert carts["abandonment_probability"].between(0, 1).all()
        assert carts["expected_nudge_value"].is_monotonic_decreasing
        assert carts["reason_1"].str.contains("predicted risk").mean() > 0.9
        assert carts[[f"item_{n}" for n in range(1, 6)]].notna().all(axis=None)
    total = json.loads(told)
    assert (total["carts"], total["nudges"]) == (len(carts), carts["nudge"].sum())
    assert abs(total["profit"] - carts.loc[carts["nudge"], "expected_nudge_value"].sum()) < 0.01
    assert total["interval"][0] < total["profit"] < total["interval"][1]
    events = pd.read_parquet(fresh / "events.parquet")
    assert set(carts["visitor_id"]) <= set(events.loc[events["event"] == "cart", "visitor_id"])
    before = pd.read_parquet(demo / "work" / "ingest" / "events.parquet")
    known = pd.concat([before[before["ts"] < events["ts"].min()], events])
    sold = known[known["event"] == "purchase"].groupby("visitor_id")["item_id"].agg(set)
    bought = [sold.get(visitor, set()) for visitor in carts["visitor_id"]]
    shown = carts[[f"item_{n}" for n in range(1, 6)]].to_numpy().tolist()
    assert not any(own & set(row) for own, row in zip(bought, shown, strict=True))
    assert f"{sum(map(bool, bought)):,} of {len(carts):,} carts are of visitors who bought before" in told


def test_recommend_answers_a_typed_session_within_its_filters(demo: Path) -> None:
    catalogue = pd.read_parquet(demo / "work" / "featurize" / "catalogue.parquet").set_index("item_id")
    trained = pd.read_parquet(demo / "work" / "split" / "sequences_train.parquet")["items"].explode().value_counts()
    known = catalogue.loc[sorted(trained.index[trained >= 2])]  # `recommender.min_item_count`
    item = str(trained.index[0])
    category, price = catalogue.loc[item, "category"], float(catalogue["price"].median())
    typed = [item, "never sold", "--json", "--same-category", "--max-price", str(price), "--exclude-seen", "-k", "4"]
    told = json.loads(pipeline("recommend", *typed, "--workdir", demo / "work", home=demo).stdout)
    assert (told["source"], told["unknown"], told["category"]) == ("model", ["never sold"], category)
    fits = known[(known["category"] == category) & (known["price"] <= price)].index.difference([item])
    assert len(told["items"]) == min(4, len(fits)) > 0
    for row in told["items"]:
        assert row["item"] != item
        assert row["category"] == category == catalogue.loc[row["item"], "category"]
        assert row["price"] == catalogue.loc[row["item"], "price"] <= price
    shown = pipeline("recommend", "-k", "3", "--workdir", demo / "work", home=demo).stdout
    assert "The session is empty" in shown
    assert trained[shown.splitlines()[1].split()[0]] == trained.iloc[0]
    refused = pipeline("recommend", item, "--category", "nothing", "--workdir", demo / "work", home=demo, check=False)
    assert refused.returncode == 2
    assert 'Received: "nothing"' in refused.stderr
    assert "Traceback" not in refused.stderr


def test_init_writes_a_configuration_that_runs(demo: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    pipeline("init", file, "--preset", "demo", home=demo)
    told = pipeline("plan", "--config", file, "--workdir", demo / "work", *AGAIN, home=demo).stdout
    assert "run" not in {line.split()[1] for line in told.splitlines()[1:]}
    schema = json.loads(pipeline("init", "--schema", home=demo).stdout)
    assert "abandonment" in schema["properties"]


def test_no_visitor_and_no_session_is_named_in_the_tracking_store(demo: Path) -> None:
    """Ids are not hashed in this run, and a session's begins with its visitor's."""
    kept = [path for path in (*(demo / "artifacts").rglob("*"), demo / "mlflow.db") if path.is_file()]
    (page,) = [path for path in kept if path.name == "index.html" and path.parent.name == "report"]
    assert "Three carts as examples" in page.read_text()
    for path in kept:
        assert not re.search(rb"\bv\d{7}\b", path.read_bytes()), path
    assert re.search(r"Session <code>v\d{7}#", (demo / "work" / "report" / "index.html").read_text())


def test_doctor_finds_nothing_missing(demo: Path) -> None:
    told = pipeline("doctor", home=demo).stdout
    assert "tensorflow" in told
    assert "GPU" in told
