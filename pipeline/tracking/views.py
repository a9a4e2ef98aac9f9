"""Named views of an experiment in MLflow's UI: which runs, which columns, in which order.

The UI's table shows no parameter and no metric until somebody picks its columns. It keeps a view that was saved in it
as a tag of the experiment, which is what this writes; it then stands in the menu "Views". The form of the tag is the
UI's own, so a test opens the views in a browser.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient

TAG = "mlflow.sharedViewState."
KIND = "mlflow.experimentKind"
NOTE = "mlflow.note.content"


@dataclass(frozen=True)
class View:
    """What one view shows."""

    key: str
    """Tells it from the others; part of its address."""

    name: str
    """In the menu."""

    kind: str
    """The runs it lists, by their tag `kind`."""

    order: str
    """What they are ordered by."""

    ascending: bool

    metrics: Sequence[str]
    params: Sequence[str] = ()
    tags: Sequence[str] = ()


VIEWS = (
    View(
        "models", "Models: which one is best", "pipeline", "metrics.`abandonment.test.auc`", False,
        ("abandonment.test.auc", "abandonment.baselines.gradient_boosting.auc", "abandonment.test.log_loss",
         "abandonment.test.ece", "recommender.test.recall_at_20", "recommender.test.mrr_at_20"),
        ("seed", "abandonment.optimizer.learning_rate"), ("optimizer",),
    ),
    View(
        "trials", "Trials: which setting was chosen", "trial", "metrics.`best_val_loss`", True,
        ("best_val_loss", "best_val_auc", "seconds"),
        ("optimizer.name", "optimizer.learning_rate", "units", "activation", "dropout", "batch_size"),
        ("chosen", "error"),
    ),
    View(
        "comparison", "Comparison: what to use", "alternative", "metrics.`judged_auc`", False,
        ("judged_auc", "judged_low", "judged_high", "judged_recall_at_20", "epochs_to_target", "seconds"),
        ("optimizer.learning_rate",), ("reference", "error"),
    ),
    View(
        "decisions", "Decisions: what was promoted, and why", "retraining", "attributes.start_time", False,
        ("abandonment.auc.change", "abandonment.auc.low", "abandonment.auc.high", "recommender.recall_at_20.change",
         "recommender.recall_at_20.low", "drift.psi_max", "new_items.share", "sessions"),
        (), ("decision", "reason"),
    ),
)  # fmt: skip

ABOUT = """Runs are told apart by their tag `kind`: **pipeline** (a whole run), **trial** (one setting of a search or
comparison), **alternative** (what a comparison compares, such as an optimizer), **seed** (its best setting, trained
again) and **retraining** (a decision, in the experiment of that name). The menu *Views* shows each kind with the
columns that matter:

"""


def write_views(client: "MlflowClient", experiment: str, tags: Mapping[str, str]) -> None:
    """Give an experiment its views and a description, where it does not have them yet.

    Args:
        client: MLflow's client.
        experiment: id of the experiment.
        tags: the experiment's tags.
    """
    wanted = {
        KIND: "custom_model_development",
        NOTE: ABOUT + "\n".join(f"- {view.name}" for view in VIEWS),
        **{TAG + view.key: _saved(view) for view in VIEWS},
    }
    for key, value in wanted.items():
        if key not in tags:
            client.set_experiment_tag(experiment, key, value)


def _saved(view: View) -> str:
    columns = {"metrics": view.metrics, "params": view.params, "tags": view.tags}
    state = {
        "searchFilter": f"tags.kind = '{view.kind}'",
        "orderByKey": view.order,
        "orderByAsc": view.ascending,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "selectedColumns": [f"{kind}.`{name}`" for kind, names in columns.items() for name in names],
    }
    # Its age only orders the menu, so it is none that would differ between two machines.
    place = len(VIEWS) - VIEWS.index(view)
    return json.dumps({"name": view.name, "createdAt": place, "updatedAt": place, "state": json.dumps(state)})
