"""The quiz and the review of a run, from the page to the figure in MLflow."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import pipeline
from tests.explain.pages import Page


def given(page: Path) -> Any:
    """What the page's script reads."""
    text = page.read_text()
    return json.loads(text.partition('id="given">')[2].partition("</script>")[0])


def logged(home: Path, workdir: Path) -> dict[str, float]:
    """The metrics of the run in MLflow."""
    from mlflow import MlflowClient

    run_id = json.loads((workdir / "tracking.json").read_text())["run_id"]
    metrics: dict[str, float] = MlflowClient(f"sqlite:///{home / 'mlflow.db'}").get_run(run_id).data.metrics
    return metrics


def test_every_page_links_to_the_others_and_the_card_tells_the_cost(demo: Path) -> None:
    pipeline("quiz", "--workdir", demo / "work", home=demo)
    pipeline("review", "--workdir", demo / "work", home=demo)
    for file in ("index.html", "model-card.html", "quiz.html", "review.html"):
        links = {attributes["href"] for attributes in Page((demo / "work" / "report" / file).read_text()).all("a")}
        assert {"index.html", "model-card.html", "quiz.html", "review.html"} <= links
    text = Page((demo / "work" / "report" / "model-card.html").read_text()).text
    assert "ms of one core" in text
    assert json.loads((demo / "work" / "tracking.json").read_text())["settings"] in text


def test_answers_to_the_quiz_reach_mlflow(demo: Path, tmp_path: Path) -> None:
    workdir = demo / "work"
    pipeline("quiz", "--workdir", workdir, home=demo)
    asked = given(workdir / "report" / "quiz.html")
    file = tmp_path / "answers.json"
    file.write_text(json.dumps({"quiz": asked["quiz"], "name": "Ada", "answers": asked["key"]}))
    printed = pipeline("quiz", "--workdir", workdir, "--answers", file, home=demo).stdout
    assert "10 of 10 right" in printed
    assert logged(demo, workdir)["explanation.human_accuracy"] == pytest.approx(1.0)
    file.write_text(json.dumps({"quiz": "old", "name": "Bo", "answers": asked["key"]}))
    refused = pipeline("quiz", "--workdir", workdir, "--answers", file, home=demo, check=False)
    assert refused.returncode == 2
    assert "`--answers` should be to the quiz of this run's explanations" in refused.stderr


def test_ratings_of_the_review_reach_mlflow(demo: Path, tmp_path: Path) -> None:
    workdir = demo / "work"
    pipeline("review", "--workdir", workdir, home=demo)
    page = workdir / "report" / "review.html"
    assert "Recommended items" in page.read_text()
    asked = given(page)
    ratings = [{"useful": 1 + case % 5, "reasons": 4, "act": case > 4} for case in range(asked["cases"])]
    files = [tmp_path / f"{name}.json" for name in ("Ada", "Bo")]
    for file in files:
        file.write_text(json.dumps({"review": asked["review"], "name": file.stem, "ratings": ratings}))
    pipeline("review", "--workdir", workdir, "--ratings", files[0], "--ratings", files[1], home=demo)
    found = logged(demo, workdir)
    assert found["explanation.review.useful"] == pytest.approx(3.0)
    assert found["explanation.review.act"] == pytest.approx(0.5)
    assert found["explanation.review.useful.agreement"] == pytest.approx(1.0)
    broken = pipeline("review", "--workdir", workdir, "--ratings", page, home=demo, check=False)
    assert broken.returncode == 2
    assert "`--ratings` should be a file that the page gave" in broken.stderr
