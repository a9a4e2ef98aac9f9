"""Answers to the quiz: reading, keeping and scoring them."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from data.errors import InputError
from data.strict import StrictModel
from explain.page import write_whole
from explain.survey.files import read_form
from explain.survey.guessing import Score, against_guessing
from explain.survey.quiz import TASKS, Side, Task, quiz_id

Name = Annotated[str, Field(min_length=1, max_length=100)]


class Answers(StrictModel):
    """What the quiz page gives."""

    quiz: str
    """Which quiz."""

    name: Name
    """Who answered; any name, but the same one for the same person."""

    answers: Annotated[list[Side], Field(min_length=TASKS, max_length=TASKS)]
    """In the order of the tasks."""


def keep_answers(paths: Sequence[Path], tasks: tuple[Task, ...], folder: Path) -> None:
    """Check files with answers and copy them to `folder`, all or none.

    The page shows the right answers afterwards, so of each name only the first answers count.

    Raises:
        InputError: a file is none of this quiz, or holds second answers of the same name.
    """
    known = {answers.name: answers for answers in read_kept(folder)}
    for path in paths:
        found = read_form(path, Answers, "--answers")
        if found.quiz != quiz_id(tasks):
            raise InputError(
                f"`--answers` should be to the quiz of this run's explanations, {quiz_id(tasks)}. Received: {path}, "
                f"which is to {found.quiz}. Where the explanations changed, write the page anew and have it answered."
            )
        if known.setdefault(found.name, found) != found:
            raise InputError(
                f"`--answers` should be the first answers of a name. Received: {path}, of {found.name}, who has "
                "answered already and may have seen the right answers."
            )
    for name, answers in known.items():
        file = hashlib.blake2b(name.encode(), digest_size=8).hexdigest()
        write_whole(folder / f"answers-{file}.json", answers.model_dump_json(indent=1) + "\n")


def read_kept(folder: Path) -> list[Answers]:
    """All answers kept so far, in the order of names."""
    found = [Answers.model_validate_json(path.read_text()) for path in folder.glob("answers-*.json")]
    return sorted(found, key=lambda answers: answers.name)


def scores(tasks: tuple[Task, ...], answers: Sequence[Answers]) -> tuple[Score, dict[str, Score]]:
    """Everybody's answers together, and by name.

    Together they are taken as independent; where few people answered many tasks the interval is somewhat too narrow.
    """
    right = {one.name: sum(a == task.answer for a, task in zip(one.answers, tasks, strict=True)) for one in answers}
    each = {name: against_guessing(count, len(tasks)) for name, count in right.items()}
    return against_guessing(sum(right.values()), len(tasks) * len(right)), each


def write_result(whole: Score, each: dict[str, Score], path: Path) -> None:
    """Write the scores as JSON."""
    figures = {
        "human_accuracy": whole.share, "low": whole.low, "high": whole.high, "p_value": whole.p_value,
        "right": whole.right, "asked": whole.asked, "by_name": {name: score.share for name, score in each.items()},
    }  # fmt: skip
    write_whole(path, json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
