"""`review`: writes the form in which people who know the shop rate explanations, or sums up their ratings."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from explain.survey.ratings import keep_ratings, read_kept, summarize, write_result
from explain.survey.review import FILE, review_id, review_rows, write_review
from pipeline.config import PipelineConfig
from pipeline.publishing import publish_report
from pipeline.runner import need_abandonment, read_config
from pipeline.surveys import explained_carts, read_cases
from pipeline.tracking import log_afterwards
from pipeline.workdir import locked

METRIC = "explanation.review"


def review_command(ratings: Sequence[Path], workdir: Path) -> None:
    """Write `report/review.html`; with files of ratings, sum them up, keep and log the result.

    Raises:
        InputError: no run, one without explanations, or a file that holds no ratings of this review.
    """
    config = read_config(workdir)
    need_abandonment(config, workdir)
    with locked(workdir):
        carts = explained_carts(workdir)
        rows = review_rows(carts.attributions, config.seed)
        review = review_id(carts.attributions, carts.examples, rows)
        if ratings:
            _sum_up(config, workdir, review, len(rows), ratings)
            return
        write_review(review, read_cases(workdir, carts, rows, config.explain.reasons), workdir / "report")
        publish_report(workdir, config)
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(f"Review   {workdir / 'report' / FILE}"))
    console.print(Text(f"Ratings  python -m pipeline review --workdir {workdir} --ratings review-ratings.json"))


def _sum_up(config: PipelineConfig, workdir: Path, review: str, cases: int, paths: Sequence[Path]) -> None:
    folder = workdir / "review" / review
    keep_ratings(paths, review, cases, folder)
    kept = read_kept(folder)
    found = summarize(kept)
    write_result(found, folder / "result.json")
    console = Console(highlight=False, soft_wrap=True)
    raters = f"{len(kept)} {'rater' if len(kept) == 1 else 'raters'}"
    console.print(Text(f"{raters}, {cases} cases; grades from 1 to 5, the last question as a share of yes"))
    for one in found.values():
        console.print(Text(one.sentence))
    console.print(Text(f"Result   {folder / 'result.json'}"))
    figures = {f"{METRIC}.{key}": one.mean for key, one in found.items()}
    figures |= {f"{METRIC}.{key}.agreement": one.agreement for key, one in found.items() if one.agreement is not None}
    console.print(Text(log_afterwards(config, workdir, figures, [folder / "result.json"])))
