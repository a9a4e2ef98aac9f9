"""Tables and the figure of a simulated A/B test of the rescue list."""

from explain.charts.row_charts import intervals
from explain.charts.svg import WIDE, Figure
from explain.simulation.figures import SHARE, Result, money_cell, share_cell, span
from explain.tables import Cell, Grid
from explain.wording import DASH, count_text, decimal_text
from models.nudging.ab_testing import NOBODY

Rows = list[tuple[str | Cell, ...]]


def arms_table(result: Result) -> Grid:
    """A way to nudge a row."""
    rows: Rows = []
    for name, arm in result["arms"].items():
        change = result["differences"][NOBODY].get(name)
        rows.append((
            name,
            count_text(arm["nudges"]),
            share_cell(arm[SHARE]),
            share_cell(change[SHARE]) if change else DASH,
            money_cell(arm["revenue"]),
            money_cell(arm["profit"]),
            money_cell(change["profit"]) if change else DASH,
        ))  # fmt: skip
    head = ("", "Nudges", "Carts left", "Change", "Revenue", "Profit", "Change of profit")
    carts = count_text(result["carts"])
    return Grid(f"The same {carts} carts under each way to nudge; money for 1,000 carts", head, tuple(rows))


def ab_table(result: Result) -> Grid:
    """The test as a team would see it."""
    test = result["ab_test"]
    rows: Rows = [
        (name, count_text(arm["carts"]), share_cell(arm[SHARE]), money_cell(arm["profit"]))
        for name, arm in test["arms"].items()
    ]
    rows += [
        (f"{test['list']} less {base}", DASH, share_cell(row[SHARE]), money_cell(row["profit"]))
        for base, row in test["differences"].items()
    ]
    return Grid("Every visitor in one arm by lot", ("", "Carts", "Carts left", "Profit for 1,000"), tuple(rows))


def pilot_table(result: Result) -> Grid:
    """How each segment responds."""
    pilot = result["pilot"]
    rows: Rows = [
        (
            one["where"],
            count_text(one["carts"]),
            Cell(decimal_text(one["shift"][0], 2), span(one["shift"][1:], 1.0, 2)),
            decimal_text(one["believed"], 2),
        )
        for one in pilot["segments"]
    ]
    for name, title in (
        ("rescue_rate", "all carts: share rescued"),
        ("realization", "list by the pilot: share of its promise that comes in"),
    ):
        found = Cell(decimal_text(pilot[name][0]), span(pilot[name][1:], 1.0, 3))
        rows.append((title, count_text(pilot["carts"]), found, decimal_text(pilot["believed"][name])))
    head = ("Carts", "In the pilot", "Measured", "In [costs]")
    return Grid("By how much a nudge lowers the log-odds of being left", head, tuple(rows))


def changes_figure(result: Result) -> Figure:
    """The change against no action of every arm."""
    changes = result["differences"][NOBODY]
    edges = [[100.0 * edge for edge in row[SHARE]] for row in changes.values()]
    mean, low, high = zip(*edges, strict=True)
    return intervals(
        list(changes), mean, low, high, "How many carts fewer are left",
        "Change of the share of carts left against no action on the same carts, in points of per cent, with its 95% "
        "interval; further left is better.", "Points of per cent", wide=WIDE,
    )  # fmt: skip
