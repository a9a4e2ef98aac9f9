"""Search along the gradient of the validation loss, for the learning rate and the L2 penalty."""

from typing import Any

from models.search.oracles import drawn
from models.search.problem import Found, Problem, Proposals, none_completed
from models.search.space import Point

SHARE = {"hypergradient": True}
"""Asks the task for a training that adapts (`models.optimizing.hypergradient`); an outcome's `extra` has the result."""


def gradient(problem: Problem) -> Proposals:
    """Adapting trials from several starts, then a plain trial of what each learned.

    The first start is the configured setting, the others are drawn from the space. An adapting trial moves learning
    rate and L2 penalty after every step along the gradient of the validation loss; all else stays as it started. Only
    plain trials are chosen among: what a rate that changes came to says little of a rate that stays.
    """
    starts = [problem.own, *drawn(problem, (problem.tune.trials - 1) // 2 - 1)]
    first = [
        problem.spec(0, problem.own),
        *(problem.spec(number, point, share=SHARE) for number, point in enumerate(starts, start=1)),
    ]
    records = list((yield first))
    plain, adapted = records[:1], records[1:]
    if len(records) == len(first):
        learned = [
            learn(point, record.extra)
            for point, record in zip(starts, adapted, strict=True)
            if record.status == "completed"
        ]
        if learned:
            plain += yield [problem.spec(number, point) for number, point in enumerate(learned, start=len(first))]
    best = problem.best(plain)
    if best is None:
        raise none_completed(plain)
    return Found(best.settings)


def learn(point: Point, extra: Point) -> dict[str, Any]:
    """A point with what an adapting trial learned in the place of its own rate and penalty."""
    rate = next(name for name in point if name.endswith("learning_rate"))
    return {**point, rate: extra["learning_rate"], "l2": extra["l2"]}
