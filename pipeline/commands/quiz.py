"""`quiz`: writes the quiz about a run's explanations, or scores answers to it."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from explain.survey.answers import keep_answers, read_kept, scores, write_result
from explain.survey.quiz import FILE, Task, quiz_id, quiz_tasks, write_quiz
from pipeline.config import PipelineConfig
from pipeline.publishing import publish_report
from pipeline.runner import need_abandonment, read_config
from pipeline.surveys import explained_carts
from pipeline.tracking import log_afterwards
from pipeline.workdir import locked

METRIC = "explanation.human_accuracy"


def quiz_command(answers: Sequence[Path], workdir: Path) -> None:
    """Write `report/quiz.html`; with files of answers, score them against guessing, keep and log the result.

    Raises:
        InputError: no run, one without explanations or with too few carts, or a file that is no answer to this quiz.
    """
    config = read_config(workdir)
    need_abandonment(config, workdir)
    with locked(workdir):
        carts = explained_carts(workdir)
        tasks = quiz_tasks(carts.attributions, carts.examples, config.explain.reasons, config.seed)
        if answers:
            _score(config, workdir, tasks, answers)
            return
        write_quiz(tasks, carts.attributions.base_probability, workdir / "report")
        publish_report(workdir, config)
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(f"Quiz     {workdir / 'report' / FILE}"))
    console.print(Text(f"Answers  python -m pipeline quiz --workdir {workdir} --answers quiz-answers.json"))


def _score(config: PipelineConfig, workdir: Path, tasks: tuple[Task, ...], paths: Sequence[Path]) -> None:
    folder = workdir / "quiz" / quiz_id(tasks)
    keep_answers(paths, tasks, folder)
    whole, each = scores(tasks, read_kept(folder))
    write_result(whole, each, folder / "result.json")
    console = Console(highlight=False, soft_wrap=True)
    for name, score in each.items():
        console.print(Text(f"{name}: {score.right} of {score.asked}"))
    console.print(Text(whole.sentence))
    console.print(Text(f"Result   {folder / 'result.json'}"))
    console.print(Text(log_afterwards(config, workdir, {METRIC: whole.share}, [folder / "result.json"])))
