"""Do the explanations find the causes that were planted? The demo shop's truth beside what the model learnt.

    python -m benchmarks.demo_truth [--workdir FOLDER] [--quick]

Reads a finished run of the demo shop (`work` where there is one), or makes one in a temporary folder, tracked there
too. Prints, for each cause and decoy, the planted effect and the mean |SHAP| over the same carts, both counted from
the training examples' mean: the SHAP values of the features that show a cause are summed, signs kept, before taking
sizes. `--quick` makes a run of its own without tuning, with fewer explained carts.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from benchmarks.harness import Target, demo_run, finish
from data.examples import read_examples
from explain.quality.planted import compare_causes, known_truth, planted_spearman
from models.abandonment import predict
from models.artifacts import load_model
from models.binary_metrics import expected_calibration_error

DEFAULT = Path("work")
BINS = 10
TARGETS = (Target("spearman", ">=", 0.8), Target("ece", "<=", 0.03))
QUICK = ("tune.trials=0", "explain.max_rows=500", "explain.permutation_repeats=2")


def run_pipeline(folder: Path, quick: bool) -> Path:
    """Run the pipeline on the demo shop without the recommender, which says nothing about causes."""
    return demo_run(folder, ("recommender.enabled=false", *(QUICK if quick else ())))


def main() -> None:
    """Compare, print, and keep the targets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workdir", type=Path, help="finished run of the demo shop")
    parser.add_argument("--quick", action="store_true", help="a run without tuning where --workdir is not given")
    arguments = parser.parse_args()
    finished = arguments.workdir
    if finished is None and not arguments.quick and (DEFAULT / "explain" / "attributions.parquet").exists():
        finished = DEFAULT
    with tempfile.TemporaryDirectory() as scratch:
        report(finished or run_pipeline(Path(scratch), arguments.quick))


def report(workdir: Path) -> None:
    """Print the comparison for one finished run."""
    known = pd.read_parquet(workdir / "ingest" / "demo" / "truth.parquet")
    train_keys = pd.read_parquet(workdir / "split" / "train.parquet", columns=["visitor_id", "ts"])
    table = compare_causes(pd.read_parquet(workdir / "explain" / "attributions.parquet"), known, train_keys)
    print(table.to_string(float_format="{:.3f}".format, na_rep="–"), end="\n\n")
    test = read_examples(workdir / "split", "test")
    real = known_truth(known, test.keys)["p_abandon"].to_numpy()
    predicted = predict(load_model(workdir / "train" / "abandonment.keras"), test)
    baselines = json.loads((workdir / "evaluate" / "metrics.json").read_text())["abandonment"]["baselines"]
    figures = {
        "spearman": planted_spearman(table),
        "spearman_without_decoys": planted_spearman(table, decoys=False),
        "ece": expected_calibration_error(test.abandoned, predicted, BINS),
        "ece_to_true_probability": expected_calibration_error(real, predicted, BINS),
        "mean_distance_to_true_probability": float(np.abs(predicted - real).mean()),
        "auc": float(roc_auc_score(test.abandoned, predicted)),
        "auc_best_possible": float(roc_auc_score(test.abandoned, real)),
        "test_examples": float(len(test)),
        **{f"auc_{name}": float(metrics["auc"]) for name, metrics in baselines.items()},
    }
    for name, value in figures.items():
        print(f"{name}: {value:.4g}")
    finish("demo_truth", figures, TARGETS)


if __name__ == "__main__":
    main()
