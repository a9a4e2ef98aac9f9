"""Ratings of the review: reading, keeping and summarizing them."""

import hashlib
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from data.errors import InputError
from data.strict import StrictModel
from explain.page import write_whole
from explain.survey.answers import Name
from explain.survey.files import read_form
from explain.survey.review import QUESTIONS
from explain.wording import DASH, decimal_text

Grade = Annotated[int, Field(ge=1, le=5)]


class Rating(StrictModel):
    """What one person says of one case."""

    useful: Grade
    """How useful the explanation is, from 1 (not at all) to 5 (very)."""

    reasons: Grade
    """How right its reasons are, from 1 (wrong) to 5 (right)."""

    act: bool
    """Whether one would act on it."""

    comment: Annotated[str, Field(max_length=2000)] = ""
    """Anything else."""


class Ratings(StrictModel):
    """What the review page gives."""

    review: str
    """Which review."""

    name: Name
    """Who rated."""

    ratings: list[Rating]
    """In the order of the cases."""


@dataclass(frozen=True)
class Summary:
    """What all raters say to one question."""

    question: str
    mean: float
    """Mean over the cases of their mean rating; of yes and no, the share of yes."""

    interval: tuple[float, float] | None
    """Its 95% interval over cases by Student's t; None for one case."""

    agreement: float | None
    """Mean over pairs of raters of Cohen's kappa, quadratically weighted for grades: 1 is full agreement, 0 that of
    chance. None for one rater, and where all gave the same grade throughout, which says nothing of chance."""

    raters: int

    @property
    def sentence(self) -> str:
        """The summary in words."""
        span = f"95% interval {decimal_text(self.interval[0], 2)} to {decimal_text(self.interval[1], 2)}" \
            if self.interval else "too few cases for an interval"  # fmt: skip
        agreement = DASH if self.agreement is None else decimal_text(self.agreement, 2)
        return f"{self.question} {decimal_text(self.mean, 2)} ({span}); agreement of raters (kappa) {agreement}"


def keep_ratings(paths: Sequence[Path], review: str, cases: int, folder: Path) -> None:
    """Check files with ratings and copy them to `folder`, all or none; later ones replace those of the same name.

    Raises:
        InputError: a file is none of this review.
    """
    found = [(path, read_form(path, Ratings, "--ratings")) for path in paths]
    for path, ratings in found:
        if ratings.review != review or len(ratings.ratings) != cases:
            raise InputError(
                f"`--ratings` should be of the {cases} cases of this run's review, {review}. Received: {path}, which "
                f"is of {len(ratings.ratings)} cases of {ratings.review}. Where the explanations changed, write the "
                "page anew and have it rated."
            )
    for _, ratings in found:
        file = hashlib.blake2b(ratings.name.encode(), digest_size=8).hexdigest()
        write_whole(folder / f"ratings-{file}.json", ratings.model_dump_json(indent=1) + "\n")


def read_kept(folder: Path) -> list[Ratings]:
    """All ratings kept so far, in the order of names."""
    found = [Ratings.model_validate_json(path.read_text()) for path in folder.glob("ratings-*.json")]
    return sorted(found, key=lambda ratings: ratings.name)


def summarize(kept: Sequence[Ratings]) -> dict[str, Summary]:
    """What all raters say, by question; at least one rater."""
    found = {}
    for key, question in QUESTIONS.items():
        grades = np.array([[int(getattr(rating, key)) for rating in one.ratings] for one in kept])
        by_case = grades.mean(axis=0)
        weights = None if key == "act" else "quadratic"
        found[key] = Summary(
            question, float(by_case.mean()), _interval(by_case), _agreement(grades, weights), len(kept)
        )
    return found


def write_result(found: dict[str, Summary], path: Path) -> None:
    """Write the summary as JSON."""
    figures = {
        key: {"mean": one.mean, "interval": one.interval, "agreement": one.agreement, "raters": one.raters}
        for key, one in found.items()
    }
    write_whole(path, json.dumps(figures, indent=1) + "\n")


def _interval(values: npt.NDArray[np.float64]) -> tuple[float, float] | None:
    if len(values) < 2:
        return None
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def _agreement(grades: npt.NDArray[np.int64], weights: str | None) -> float | None:
    """Mean kappa of the pairs for which it is defined, from grades (raters, cases)."""
    pairs = [
        cohen_kappa_score(one, other, weights=weights)
        for one, other in itertools.combinations(grades, 2)
        if len({*one.tolist(), *other.tolist()}) > 1
    ]
    return float(np.mean(pairs)) if pairs else None
