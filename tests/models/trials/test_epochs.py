import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from models.trials.epochs import EpochLog, read_epochs
from models.trials.folder import EPOCHS, TrialFolder


@given(told=st.lists(st.integers(0, 5), max_size=12), cut=st.integers(0, 500))
def test_each_epoch_is_kept_once_wherever_a_life_was_cut_off(told: list[int], cut: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        trial = TrialFolder(Path(place))
        log = EpochLog(trial, lambda: None)
        for epoch in told:
            log.tell(epoch, {"loss": epoch / 2})
        path = trial.path / EPOCHS
        if path.exists():
            path.write_bytes(path.read_bytes()[:cut])
        kept, offset = read_epochs(trial)
        again = EpochLog(trial, lambda: None)
        for epoch in told:
            again.tell(epoch, {"loss": epoch / 2})
        everything, _ = read_epochs(trial)
        assert [each.epoch for each in everything] == list(dict.fromkeys(told))
        assert everything[: len(kept)] == kept
        assert read_epochs(trial, offset)[0] == everything[len(kept) :]
        assert again.epochs == len(everything)
        seconds = [each.seconds for each in everything]
        assert seconds == sorted(seconds)


def test_what_a_kill_kept_from_being_told_comes_from_the_history(tmp_path: Path) -> None:
    trial = TrialFolder(tmp_path)
    log = EpochLog(trial, lambda: None)
    log.tell(2, {"loss": 0.5})
    log.complete({"loss": [9, 8, 0.5, 0.25], "auc": [0, 0, 0.75, 1]}, first=2)
    told = [(each.epoch, each.metrics) for each in read_epochs(trial)[0]]
    assert told == [(2, {"loss": 0.5}), (3, {"loss": 0.25, "auc": 1})]
