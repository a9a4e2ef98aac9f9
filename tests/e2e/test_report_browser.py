"""The report, a cart's page and a comparison's in a real browser, offline."""

import base64
import importlib.resources
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from explain.card import write_model_card
from explain.cart.explained import explain_cart
from explain.cart.page import cart_page
from explain.comparison import write_comparison
from explain.group.page import group_page
from explain.report.page import write_report
from explain.report.recommender import write_recommender_report
from explain.report.runs import Run, write_runs
from explain.retraining import write_retraining
from explain.survey.answers import Answers
from explain.survey.quiz import TASKS, quiz_tasks, write_quiz
from explain.survey.ratings import Rating, Ratings
from explain.survey.review import Case, write_review
from tests.e2e.browser import Tab, open_tab
from tests.explain.card.facts import FACTS
from tests.explain.comparison.results import evil
from tests.explain.decisions import decision
from tests.explain.results import EVIL, report_data, run_data
from tests.explain.telling import group, stories

PAGES = ("report", "cart", "group", "recommender", "comparison", "card", "quiz", "review", "runs", "retraining")
OVERFLOWING = """
[...document.querySelectorAll('body *')].filter(e => {
  const box = e.getBoundingClientRect();
  return box.width && box.right > innerWidth + 1 && !e.closest('.scroll') && !e.closest('svg') && !e.closest('.skip');
}).map(e => e.outerHTML.slice(0, 120))
"""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with open_tab(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder, data = tmp_path_factory.mktemp("pages"), report_data()
    cart, group_file = folder / "cart.html", folder / "group.html"
    cart.write_text(cart_page(stories(), EVIL[0]))
    group_file.write_text(group_page(group(), EVIL[0]))
    alone = write_recommender_report(run_data(), folder / "recommender")
    compared = write_comparison(evil(), folder)
    found, row = data.explanations.attributions, explain_cart(data.explanations.attributions, data.examples, 0)
    return {
        "report": write_report(data, folder),
        "cart": cart,
        "group": group_file,
        "recommender": alone,
        "comparison": compared,
        "card": write_model_card(data, FACTS, folder),
        "quiz": write_quiz(quiz_tasks(found, data.examples, 3, 0), found.base_probability, folder),
        "review": write_review("this", [Case(row, (f"view {EVIL[0]}",), (EVIL[1],))], folder),
        "retraining": write_retraining(decision(), folder / "retraining"),
        "runs": write_runs([Run(EVIL[0], EVIL[1], "2026-05-01", {}, {}, {"index.html": EVIL[2]})], folder),
    }


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_offline_without_errors_requests_or_overflow(
    tab: Tab, pages: dict[str, Path], name: str, width: int
) -> None:
    tab.visit(pages[name], width)
    assert tab.value("document.querySelectorAll('details').forEach(d => d.open = true); innerWidth") == width
    assert tab.value("document.documentElement.scrollWidth") <= width
    assert tab.value(OVERFLOWING) == []
    assert tab.named("Log.entryAdded") == []
    assert tab.named("Runtime.consoleAPICalled") == []
    assert tab.named("Runtime.exceptionThrown") == []
    assert tab.named("Page.javascriptDialogOpening") == []
    addresses = {event["request"]["url"] for event in tab.named("Network.requestWillBeSent")}
    assert addresses <= {pages[name].resolve().as_uri(), "data:,"}


@pytest.mark.parametrize(("width", "shown"), [(360, "narrow"), (1280, "wide")])
def test_each_width_shows_its_own_form_of_every_chart(tab: Tab, pages: dict[str, Path], width: int, shown: str) -> None:
    tab.visit(pages["report"], width)
    visible = "[...document.querySelectorAll('figure svg')].filter(e => e.getBoundingClientRect().width)"
    assert tab.value(f"{visible}.length") == tab.value("document.querySelectorAll('figure').length")
    assert tab.value(f"{visible}.every(e => e.parentElement.className == '{shown}')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_and_text_follow_the_colour_scheme(tab: Tab, pages: dict[str, Path], scheme: str) -> None:
    tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    tab.visit(pages["report"], 1280)
    brightness = "(c => c.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + +b, 0))"
    style = "getComputedStyle(document.querySelector('{}')).{}"
    page = tab.value(f"{brightness}({style.format('body', 'backgroundColor')})")
    text = tab.value(f"{brightness}({style.format('figure svg text', 'fill')})")
    assert (page > text) == (scheme == "light")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(tab: Tab, pages: dict[str, Path], name: str, scheme: str) -> None:
    tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    tab.visit(pages[name], 1280)
    tab.value("document.querySelectorAll('details').forEach(d => d.open = true)")
    tab.value((importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text() + "; 0")
    found = json.loads(tab.value("axe.run().then(found => JSON.stringify([found.violations, found.passes.length]))"))
    serious = [
        (one["id"], node["target"], node["failureSummary"])
        for one in found[0]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:3]
    ]
    assert serious == []
    assert found[1] > 5  # it looked


@pytest.mark.parametrize("name", ["report", "card", "quiz"])
def test_a_page_and_its_print_are_small(tab: Tab, pages: dict[str, Path], name: str) -> None:
    tab.visit(pages[name], 1280)
    printed = base64.b64decode(tab.call("Page.printToPDF", printBackground=True)["data"])
    assert printed.startswith(b"%PDF")
    assert len(printed) < 5_000_000
    assert pages[name].stat().st_size < 5_000_000


def test_the_quiz_scores_its_answers_and_gives_them_as_a_file(tab: Tab, pages: dict[str, Path]) -> None:
    tab.visit(pages["quiz"], 1280)
    tab.value("""
      URL.createObjectURL = blob => { window.saved = blob; return "#saved"; };
      form.elements["name"].value = " Ada ";
      given.key.forEach((side, i) => {
        form.elements["task-" + (i + 1)].value = i ? side : {more: "less", less: "more"}[side];
      });
      document.getElementById("check").click();
      document.getElementById("save").click();
    """)
    assert tab.value("document.getElementById('verdict').textContent").startswith(f"{TASKS - 1} of {TASKS} right")
    assert tab.value("document.activeElement.id") == "result"
    assert tab.value("document.getElementById('note-1').textContent").startswith("Not right")
    answers = Answers.model_validate_json(tab.value("window.saved.text()"))
    assert answers.name == "Ada"
    assert len(set(answers.answers)) == 2


def test_the_quiz_is_not_scored_before_every_cart_is_answered(tab: Tab, pages: dict[str, Path]) -> None:
    tab.visit(pages["quiz"], 1280)
    tab.value("document.getElementById('check').click()")
    assert tab.value("document.getElementById('result').hidden")


def test_the_review_gives_its_ratings_as_a_file(tab: Tab, pages: dict[str, Path]) -> None:
    tab.visit(pages["review"], 1280)
    tab.value("""
      URL.createObjectURL = blob => { window.saved = blob; return "#saved"; };
      Object.entries({name: "Ada", "useful-1": 4, "reasons-1": 2, "act-1": "no", "comment-1": "<b>"}).forEach(
        ([name, value]) => { form.elements[name].value = value; });
      form.requestSubmit();
    """)
    ratings = Ratings.model_validate_json(tab.value("window.saved.text()"))
    assert ratings.ratings == [Rating(useful=4, reasons=2, act=False, comment="<b>")]
