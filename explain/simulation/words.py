"""What a simulated A/B test of the rescue list showed, in sentences."""

from explain.simulation.figures import SHARE, Result, money, per_cent, points
from explain.wording import count_text, decimal_text, join_words, share_text
from models.nudging.ab_testing import BARE, LIST, NOBODY, PILOT, POPULAR, RANDOM, RATE, SAVED
from models.nudging.pilot import error_of


def sentences(result: Result) -> list[str]:
    """What the test showed."""
    ours = LIST if LIST in result["arms"] else BARE
    nobody, random = (result["differences"][base][ours] for base in (NOBODY, RANDOM))
    return [
        f"Acting on the rescue list{_with_items(result)} changes the share of carts left by {points(nobody)} against "
        f"no action, and by {points(random)} against as many nudges at random: {_verdict(result, ours)}.",
        f"For every 1,000 carts it earns {money(nobody['profit'])} more than no action, nudges paid, and "
        f"{money(random['profit'])} more than nudges at random.",
        *(_items(result) if ours == LIST else [f"No items were shown: {result['no_items']}."]),
        _stated(result),
        _piloted(result),
        _other_ways(result),
        _sizes(result),
    ]


def settings(result: Result) -> str:
    """What the pilot measured, as it goes into a configuration."""
    found = result["pilot"]
    rates = [
        f"{name}{suffix} = {value:.3f}"
        for name in ("rescue_rate", "realization")
        for suffix, value in (("", found[name][0]), ("_error", error_of(found[name])))
    ]
    return "\n".join(["[costs]", *rates, "segments = [", *map(_segment, found["segments"]), "]"])


def _segment(found: Result) -> str:
    return f'    {{ where = "{found["where"]}", shift = {found["shift"][0]:.3f}, error = {found["error"]:.3f} }},'


def _with_items(result: Result) -> str:
    return ", the recommender's items shown," if LIST in result["arms"] else ""


def _verdict(result: Result, name: str) -> str:
    gap, arms = result["separation"][name], result["arms"]
    needed = f"{count_text(round(gap['carts_needed'], -3))} carts" if gap["carts_needed"] else "no number of carts"
    shares = " and ".join(per_cent(arms[one][SHARE]) for one in (name, RANDOM))
    if gap["changes"] <= 0.0:
        return "the 95% intervals of both against no action overlap, so the test is too small to tell"
    if gap["shares"] <= 0.0:
        return (
            "the 95% intervals of both against no action lie apart, while those of the plain shares, "
            f"{shares}, overlap; {needed} take them apart 4 times in 5"
        )
    return f"the 95% intervals of both against no action lie apart, and so do those of the plain shares, {shares}"


def _items(result: Result) -> list[str]:
    bare, items = result["differences"][BARE], result["items"]
    against = result["differences"][RANDOM][BARE]
    fits = {name: share_text(items["fit"][name]) for name in (LIST, POPULAR)}
    return [
        f"Of that the items bring {points(bare[LIST])} and {money(bare[LIST]['profit'])}; popular items in their place "
        f"bring {points(bare[POPULAR])} and {money(bare[POPULAR]['profit'])}. That a visitor who is shown what they "
        f"would look at next is likelier to buy is an assumption: it lowers the log-odds of the cart's being left by "
        f"{decimal_text(items['response'], 2)} times the chance that it is among the items shown, which is "
        f"{fits[LIST]} for the recommender's and {fits[POPULAR]} for popular ones.",
        f"Without items the list changes the share left by {points(against)} against nudges at random: "
        f"{_verdict(result, BARE)}.",
    ]


def _stated(result: Result) -> str:
    gain = result["gain"][BARE]
    beyond = "; it does not count on the items" if LIST in result["arms"] else ""
    return (
        f"For its nudges the list states {money(gain['stated'])} for 1,000 carts{beyond}. The interval is how exactly "
        f"the run's test carts tell the risks and `costs` the response. The simulator's truth is "
        f"{money(gain['true'])}: {_agrees(gain['agrees_with_truth'])}. What came of it is "
        f"{money(gain['realized'])}: {_agrees(gain['agrees'])}."
    )


def _piloted(result: Result) -> str:
    pilot, gain = result["pilot"], result["gain"][PILOT]
    low, high = (share_text(edge) for edge in pilot["rescue_rate"][1:])
    return (
        f"A pilot that nudged {count_text(pilot['nudged'])} of {count_text(pilot['carts'])} carts at random, without "
        f"items, measured that a nudge rescues {share_text(pilot['rescue_rate'][0])} of the carts that would be left "
        f"({low} to {high}; `costs.rescue_rate` is {share_text(pilot['believed']['rescue_rate'])}), and that "
        f"{share_text(pilot['realization'][0])} of what a list made by it promises comes in: what was measured high "
        f"by luck is what such a list chooses. By that it states {money(gain['stated'])} and earns "
        f"{money(gain['true'])}: {_agrees(gain['agrees_with_truth'])}."
    )


def _other_ways(result: Result) -> str:
    nobody = result["differences"][NOBODY]
    return (
        f"Other ways to give out as many nudges, without items: by risk times value, with one rescue rate for all, the "
        f"share left changes by {points(nobody[RATE])} and the profit by {money(nobody[RATE]['profit'])}, since carts "
        f"that are all but lost are hardly rescued; to save the most carts whatever they are worth, by "
        f"{points(nobody[SAVED])} and {money(nobody[SAVED]['profit'])}. The list is made for profit."
    )


def _sizes(result: Result) -> str:
    test = result["ab_test"]
    needed = [
        f"{count_text(round(carts, -2)) if carts else 'no number'} against {'the ' if base == BARE else ''}{base}"
        for base, carts in test["carts_needed"].items()
    ]
    return (
        "All ways are tried on the same carts with the same luck (common random numbers), which no shop can do. A team "
        "sees each cart once: with visitors in arms by lot, showing the change of carts left 4 times in 5 takes so "
        f"many carts an arm: {join_words(needed)}. What a visitor does on later visits is not counted."
    )


def _agrees(does: bool) -> str:
    return "they agree within the interval" if does else "they disagree beyond it"
