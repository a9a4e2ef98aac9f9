import json
from pathlib import Path

from pipeline.config import PipelineConfig, settings_digest
from pipeline.publishing import publish_report

PAGES = "<!-- pages --><!-- /pages -->"


def stage(workdir: Path) -> Path:
    folder = workdir / "explain" / "report"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(f"{PAGES}<p>report</p>")
    (folder / "model-card.html").write_text(f"{PAGES}<!-- cost --><!-- /cost --><!-- run --><!-- /run -->")
    manifest = {
        "measured_seconds": {"prediction_cart": 0.004, "shap": 9.0},
        "fingerprint": {"library": {"keras": "3.15.1"}},
    }
    (workdir / "explain" / "stage.json").write_text(json.dumps(manifest))
    return folder


def test_every_page_is_published_with_links_to_all_that_exist(tmp_path: Path) -> None:
    stage(tmp_path)
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "compare-optimizer.html").write_text(f"{PAGES}<p>comparison</p>")
    publish_report(tmp_path)
    for name in ("index.html", "model-card.html", "compare-optimizer.html"):
        page = (tmp_path / "report" / name).read_text()
        assert [page.count(f'href="{file}"') for file in ("index.html", "model-card.html", "compare-optimizer.html")] \
            == [1, 1, 1]  # fmt: skip
        assert "quiz.html" not in page


def test_pages_that_come_later_are_linked_from_those_that_are_there(tmp_path: Path) -> None:
    stage(tmp_path)
    publish_report(tmp_path)
    (tmp_path / "report" / "quiz.html").write_text(f"{PAGES}<p>quiz</p>")
    publish_report(tmp_path)
    for name in ("index.html", "quiz.html"):
        page = (tmp_path / "report" / name).read_text()
        assert page.count('href="quiz.html"') == 1
        assert page.count("<nav") == 1
        assert page.endswith("</p>")


def test_the_card_tells_what_only_the_finished_run_knows(tmp_path: Path) -> None:
    folder = stage(tmp_path)
    before = (folder / "model-card.html").read_text()
    config = PipelineConfig()
    publish_report(tmp_path, config)
    page = (tmp_path / "report" / "model-card.html").read_text()
    assert "4 ms of one core" in page
    assert "3.15.1" in page
    assert settings_digest(config) in page
    assert (folder / "model-card.html").read_text() == before


def test_a_page_that_did_not_change_is_left_alone(tmp_path: Path) -> None:
    stage(tmp_path)
    publish_report(tmp_path)
    before = (tmp_path / "report" / "index.html").stat().st_mtime_ns
    publish_report(tmp_path)
    assert (tmp_path / "report" / "index.html").stat().st_mtime_ns == before


def test_a_copy_for_others_names_no_session(tmp_path: Path) -> None:
    named = "<p><!-- session -->Session v1#2; <!-- /session -->left</p>"
    (stage(tmp_path) / "index.html").write_text(f"{PAGES}{named}{named}")
    publish_report(tmp_path, folder=tmp_path / "copy", sessions=False)
    publish_report(tmp_path)
    copy, own = ((tmp_path / name / "index.html").read_text() for name in ("copy", "report"))
    assert own.count("v1#2") == 2
    assert "v1#2" not in copy
    assert copy.count("<p>left</p>") == 2


def test_without_an_explain_stage_nothing_is_published(tmp_path: Path) -> None:
    publish_report(tmp_path)
    assert not (tmp_path / "report").exists()
