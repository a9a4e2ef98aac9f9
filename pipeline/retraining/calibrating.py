"""Puts the calibration that a decision rests on into the challenger."""

import json
from collections.abc import Mapping
from pathlib import Path

from pipeline.quiet import quiet
from pipeline.retraining.composing import renew
from pipeline.workdir import write_whole

NOTE = (
    "The two numbers of the model's calibration were fitted on these carts, so that its log loss, Brier score and "
    "calibration error flatter it a little here. The retrain's page has them by calibrations on other carts."
)


def calibrate(work: Path, calibration: Mapping[str, float]) -> None:
    """Calibrate the model in a challenger's work folder; done again, it changes nothing.

    Args:
        work: the folder.
        calibration: `scale` and `shift` of the logit.
    """
    with quiet():
        from models.abandonment import core
        from models.artifacts import load_model, save_model
        from models.calibration import Platt, set_calibration
    file, chosen = work / "train" / "abandonment.keras", work / "train" / "threshold.json"
    model = load_model(file)
    set_calibration(core(model), Platt(calibration["scale"], calibration["shift"]))
    save_model(model, file)
    threshold = json.loads(chosen.read_text())
    # A risk at which a nudge pays pays whatever the calibration: the threshold stays.
    threshold["notes"] = list(dict.fromkeys([*threshold["notes"], NOTE]))
    write_whole(chosen, json.dumps(threshold, indent=1) + "\n")
    renew(work, "train")
