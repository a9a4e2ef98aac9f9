"""What the quiz and the review ask about: the explained carts of a run."""

from pathlib import Path

from data.errors import InputError
from data.examples import Examples, read_examples
from explain.explanations import read_explanations


def explained_carts(workdir: Path) -> Examples:
    """The test carts that the explain stage explained.

    Raises:
        InputError: the stage has not run.
    """
    if not (workdir / "explain" / "attributions.parquet").exists():
        raise InputError(f"{workdir} has no explanations yet. Run first: python -m pipeline run --workdir {workdir}")
    return read_examples(workdir / "split", "test").take(read_explanations(workdir / "explain").rows)
