"""What is said of a simulated A/B test of the rescue list: sentences, tables and a page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from explain.page import write_page
from explain.row_charts import intervals
from explain.svg import WIDE, Figure
from explain.tables import Cell, Grid
from explain.wording import DASH, count_text, decimal_text, share_text
from models.ab_testing import LIST, NOBODY, PILOT, RANDOM, RATE, SAVED

Result = Mapping[str, Any]

THOUSAND = 1_000.0
"""Money is told for so many carts."""


def sentences(result: Result) -> list[str]:
    """What the test showed, in words."""
    against = {base: rows[LIST] for base, rows in result["differences"].items()}
    gain, stated = result["gain"][LIST], result["gain"][PILOT]
    rate, nobody = result["pilot"]["rescue_rate"], result["differences"][NOBODY]
    return [
        f"Acting on the rescue list changes the share of carts left by {_points(against[NOBODY])} against no action, "
        f"and by {_points(against[RANDOM])} against as many nudges at random: {_verdict(result)}.",
        f"For every 1,000 carts it earns {_money(against[NOBODY]['profit'])} more than no action, nudges paid, and "
        f"{_money(against[RANDOM]['profit'])} more than nudges at random.",
        f"It states {_thousand(gain['stated'][0])} for 1,000 carts; the simulator's truth is {_money(gain['true'])}, "
        f"and {_money(gain['realized'])} is what came of it: {_agrees(gain)}.",
        f"A pilot that nudged {count_text(result['pilot']['nudged'])} of {count_text(result['pilot']['carts'])} carts "
        f"at random measured that a nudge rescues {share_text(rate[0])} of the carts that would be left "
        f"({share_text(rate[1])} to {share_text(rate[2])}; `costs.rescue_rate` is "
        f"{share_text(result['pilot']['believed'])}). The list by what it measured states "
        f"{_money(stated['stated'])} and earns {_money(stated['true'])}: "
        f"{_agrees(stated)}.",
        f"Other ways to give out as many nudges: by risk times value, with one rescue rate for all, the share left "
        f"changes by {_points(nobody[RATE])} and the profit by {_money(nobody[RATE]['profit'])}, since carts that are "
        f"all but lost are hardly rescued; to save the most carts whatever they are worth, by {_points(nobody[SAVED])} "
        f"and {_money(nobody[SAVED]['profit'])}. The list is made for profit.",
        _sizes(result["ab_test"]),
        "The items shown change nothing in the simulator, whose visitors respond to the nudge alone; what a visitor "
        "does on later visits is not counted.",
    ]


def arms_table(result: Result) -> Grid:
    """A way to nudge a row."""
    rows: list[tuple[str | Cell, ...]] = []
    for name, arm in result["arms"].items():
        change = result["differences"][NOBODY].get(name)
        rows.append((
            name,
            count_text(arm["nudges"]),
            _share(arm["abandoned_share"]),
            _share(change["abandoned_share"]) if change else DASH,
            _cell(arm["revenue"]),
            _cell(arm["profit"]),
            _cell(change["profit"]) if change else DASH,
        ))  # fmt: skip
    head = ("", "Nudges", "Carts left", "Change", "Revenue", "Profit", "Change of profit")
    carts = count_text(result["carts"])
    return Grid(f"The same {carts} carts under each way to nudge; money for 1,000 carts", head, tuple(rows))


def ab_table(result: Result) -> Grid:
    """The test as a team would see it."""
    rows: list[tuple[str | Cell, ...]] = [
        (name, count_text(arm["carts"]), _share(arm["abandoned_share"]), _cell(arm["profit"]))
        for name, arm in result["ab_test"]["arms"].items()
    ]
    rows += [
        (f"rescue list less {base}", DASH, _share(row["abandoned_share"]), _cell(row["profit"]))
        for base, row in result["ab_test"]["differences"].items()
    ]
    return Grid("Every visitor in one arm by lot", ("", "Carts", "Carts left", "Profit for 1,000"), tuple(rows))


def pilot_table(result: Result) -> Grid:
    """How each segment responds."""
    rows: list[tuple[str | Cell, ...]] = [
        (
            one["where"],
            count_text(one["carts"]),
            Cell(decimal_text(one["shift"][0], 2), _range(one["shift"][1:], 1.0, 2)),
            decimal_text(one["believed"], 2),
        )
        for one in result["pilot"]["segments"]
    ]
    rate = result["pilot"]["rescue_rate"]
    rows.append((
        "all carts: share rescued", count_text(result["pilot"]["carts"]),
        Cell(decimal_text(rate[0]), _range(rate[1:], 1.0, 3)), decimal_text(result["pilot"]["believed"]),
    ))  # fmt: skip
    head = ("Carts", "In the pilot", "Measured", "In [costs]")
    return Grid("By how much a nudge lowers the log-odds of being left", head, tuple(rows))


def settings(result: Result) -> str:
    """What the pilot measured, as it goes into a configuration."""
    found = result["pilot"]
    segments = [f'    {{ where = "{one["where"]}", shift = {one["shift"][0]:.2f} }},' for one in found["segments"]]
    return "\n".join(["[costs]", f"rescue_rate = {found['rescue_rate'][0]:.3f}", "segments = [", *segments, "]"])


def write_simulation(result: Result, folder: Path) -> Path:
    """Write `folder/index.html`, whole or not at all."""
    return write_page(
        folder, "simulation.html.j2", sentences=sentences(result), figure=_figure(result), arms=arms_table(result),
        pilot=pilot_table(result), ab_test=ab_table(result), result=result, settings=settings(result),
    )  # fmt: skip


def _figure(result: Result) -> Figure:
    changes = result["differences"][NOBODY]
    edges = [[100.0 * edge for edge in row["abandoned_share"]] for row in changes.values()]
    mean, low, high = zip(*edges, strict=True)
    return intervals(
        list(changes), mean, low, high, "How many carts fewer are left",
        "Change of the share of carts left against no action on the same carts, in points of per cent, with its 95% "
        "interval; further left is better.", "Points of per cent", wide=WIDE,
    )  # fmt: skip


def _verdict(result: Result) -> str:
    ours, theirs = (result["differences"][NOBODY][name]["abandoned_share"] for name in (LIST, RANDOM))
    if ours[2] < theirs[1]:
        return "the intervals of both against no action lie apart"
    return "the intervals of both against no action overlap, so the test is too small to tell"


def _agrees(gain: Result) -> str:
    return "they agree within the interval" if gain["agrees"] else "they disagree beyond chance"


def _sizes(test: Result) -> str:
    needed = [
        f"{count_text(round(carts, -2))} carts an arm against {base}" if carts else f"no number against {base}"
        for base, carts in test["carts_needed"].items()
    ]
    return (
        "A team sees each cart once: with visitors in arms by lot, showing the change of carts left 4 times in 5 takes "
        f"{needed[0]} and {needed[1]}."
    )


def _points(row: Mapping[str, Sequence[float]]) -> str:
    mean, *edges = row["abandoned_share"]
    return f"{decimal_text(100 * mean, 2)} points ({_range(edges, 100.0, 2)})"


def _money(span: Sequence[float]) -> str:
    return f"{_thousand(span[0])} ({_range(span[1:], THOUSAND, 0)})"


def _thousand(value: float) -> str:
    return f"{THOUSAND * value:,.0f}".replace("-", "−")


def _cell(span: Sequence[float]) -> Cell:
    return Cell(_thousand(span[0]), _range(span[1:], THOUSAND, 0))


def _share(span: Sequence[float]) -> Cell:
    return Cell(f"{decimal_text(100 * span[0], 2)}%", _range(span[1:], 100.0, 2))


def _range(edges: Sequence[float], scale: float, places: int) -> str:
    return " to ".join(f"{scale * edge:,.{places}f}".replace("-", "−") for edge in edges)
