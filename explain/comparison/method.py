"""How a comparison was done, in plain words."""

from explain.comparison.phrases import counted, many, target_text
from explain.comparison.rows import Comparison, number
from explain.wording import count_text, lower_first, metric_name
from models.study.results import NEAR

WHERE = {"abandonment": "training visitors", "recommender": "training sessions", "digits": "training images"}
"""Where the judged examples are from."""

LIMITS = (
    "Level does not mean equal: it means that this sample shows no difference. More examples to judge by or more "
    "seeds may show one.",
    "The best one was picked by the figures that judge it, so its own figure flatters it a little; and of many "
    "intervals of 95% about one in twenty misses by chance.",
    "The order holds for this budget, these ranges and this data. With more trials, more epochs or another range it "
    "can change.",
    "Seconds are those of this machine, with whatever else ran on it; steps and epochs are the same everywhere.",
)


def method(found: Comparison) -> list[str]:
    """Budget, what chose, what judged, what the target and the intervals are."""
    result, budget = found.result, found.result["budget"]
    monitor, judged = str(result["monitor"]).removeprefix("val_"), metric_name(str(result["judged"]))
    trials, seeds = int(budget["trials"]), int(budget["seeds"])
    drawn = (
        f"; the other{'' if trials == 2 else f' {trials - 1}'} drawn at random from its own range" if trials > 1 else ""
    )
    start = "the worst first epoch" if found.less_is_better else "chance"
    lines = [
        f"Each alternative had the same budget: {many(trials, 'trial')}, the first with its usual settings{drawn}. "
        "One without anything to draw has one trial.",
        f"Each training saw {_rows(found, 'rows')} for at most "
        f"{many(int(budget['epochs']), 'epoch')}. The best validation {lower_first(metric_name(monitor))} "
        "chose among its trials.",
        f"The best setting was trained again under {many(seeds, 'further seed')} and judged by {judged} on "
        f"{_rows(found, 'judged_rows')} of {_where(found)} that no training and no choice saw. The test side was not "
        "touched.",
        "Intervals of 95% hold the luck of these examples and of the seeds. Differences from the best are taken on the "
        "same draws of examples; where such an interval reaches zero the alternative counts as level.",
        f"The target is {target_text(found)}: {NEAR:.0%} of the way from {start} to what the alternative with the "
        "best validation curve reaches. Time to it is a mean over seeds, given where all got there.",
    ]
    if number(result["target"]) is None:
        lines.pop()
    if {row["name"] for row in result["alternatives"]} & {"gradient_descent", "single_sgd"}:
        lines.append(
            "The budget is in epochs, not in steps: an epoch is one step where all examples make a step, and as many "
            "steps as there are examples where a single one does."
        )
    return lines


def _rows(found: Comparison, key: str) -> str:
    count = found.result["budget"].get(key)  # not known where no training came to an end
    return f"the same {counted(found)}" if count is None else f"{count_text(count)} {counted(found)}"


def _where(found: Comparison) -> str:
    return WHERE.get(str(found.result["model"]), "the training side")
