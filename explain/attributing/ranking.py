"""Which features move the predicted risk most."""

import numpy as np
import numpy.typing as npt

from explain.attributing.explanations import Attributions
from explain.attributing.sentences import risk_points
from explain.report.data import ReportData

TOP = 5  # features the words speak of


def points_moved(found: Attributions) -> npt.NDArray[np.float64]:
    """(F,) mean absolute points of predicted probability that a feature moves a cart."""
    points = np.abs(risk_points(found))
    return np.asarray(points.mean(axis=0)) if len(points) else np.zeros(points.shape[1])


def strongest(found: Attributions) -> npt.NDArray[np.int64]:
    """Positions of the features by `points_moved`, highest first."""
    return np.argsort(-points_moved(found), kind="stable")


def mean_points(data: ReportData) -> npt.NDArray[np.float64]:
    """(F,) `points_moved` of the explained carts."""
    return points_moved(data.explanations.attributions)


def ranking(data: ReportData) -> npt.NDArray[np.int64]:
    """Positions of the features by `mean_points`, highest first."""
    return strongest(data.explanations.attributions)
