"""The report, a cart's page and a comparison's in a real browser, offline."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from explain.cart_page import cart_page
from explain.comparison import write_comparison
from explain.group_page import group_page
from explain.recommender_report import write_recommender_report
from explain.report import write_report
from tests.e2e.browser import Tab, open_tab
from tests.explain.comparison.results import evil
from tests.explain.results import EVIL, report_data, run_data
from tests.explain.telling import group, stories

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
    return {
        "report": write_report(data, folder),
        "cart": cart,
        "group": group_file,
        "recommender": alone,
        "comparison": compared,
    }


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", ["report", "cart", "group", "recommender", "comparison"])
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
