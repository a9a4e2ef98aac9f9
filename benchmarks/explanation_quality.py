"""How good the explanations of the demo shop are, as a run measures them itself.

    python -m benchmarks.explanation_quality [--workdir FOLDER] [--quick]

Reads `summary.json` of a finished run of the demo shop, or makes a run in a temporary folder, tracked there too.
`--quick` makes it without tuning, with fewer explained carts.
"""

import argparse
import json
import tempfile
from pathlib import Path

from benchmarks.demo_truth import run_pipeline
from benchmarks.harness import Target, finish

TARGETS = (
    Target("planted_spearman", ">=", 0.9),
    Target("deletion_beats_random", ">=", 0.95),
    Target("insertion_beats_random", ">=", 0.95),
    Target("background_top_jaccard", ">=", 0.8),
    Target("additivity_error", "<=", 1e-5),
)


def main() -> None:
    """Print every figure, and keep the targets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workdir", type=Path, help="finished run of the demo shop")
    parser.add_argument("--quick", action="store_true", help="a run without tuning where --workdir is not given")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        workdir = arguments.workdir or run_pipeline(Path(scratch), arguments.quick)
        found = json.loads((workdir / "summary.json").read_text())["explanations"]
    seconds = found.pop("seconds_per_1000_carts")
    figures = {**found, **{f"seconds_per_1000_carts_{method}": value for method, value in seconds.items()}}
    for name, value in figures.items():
        print(f"{name}: {value:.4g}" if value is not None else f"{name}: undefined")
    finish("explanation_quality", {name: value for name, value in figures.items() if value is not None}, TARGETS)


if __name__ == "__main__":
    main()
