"""When training stops, and which epoch was best."""

from hypothesis import given
from hypothesis import strategies as st

from models.config import EarlyStopping
from models.fitting import best_epoch, maximized, stop_after

METRICS = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=30)


def by_hand(values: list[float], stopping: EarlyStopping) -> tuple[int, int | None]:
    """Best epoch and the epochs done when training stops, by counting epochs without improvement."""
    best, waited, place = values[0], 0, 0
    for epoch, value in enumerate(values[1:], start=1):
        gain = value - best if maximized(stopping.monitor) else best - value
        waited = 0 if gain > stopping.min_delta else waited + 1
        if not waited:
            best, place = value, epoch
        if waited == stopping.patience:
            return place, epoch + 1
    return place, None


@given(METRICS, st.integers(1, 5), st.sampled_from([0.0, 1.0]), st.sampled_from(["val_loss", "val_auc"]))
def test_training_stops_after_patience_epochs_without_improvement(
    values: list[float], patience: int, min_delta: float, monitor: str
) -> None:
    stopping = EarlyStopping.model_validate({"monitor": monitor, "patience": patience, "min_delta": min_delta})
    place, stopped = by_hand(values, stopping)
    done = next((n for n in range(1, len(values) + 1) if stop_after(values[:n], stopping)), None)
    assert done == stopped
    assert best_epoch(values[:done], stopping) == place
