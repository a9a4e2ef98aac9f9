"""Training finds planted structure, is a function of its seed, and says when there is too little to learn from."""

from itertools import pairwise
from pathlib import Path

import keras
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.config import OptimizerConfig
from models.divergence import DivergedError
from models.recommending.cases import make_windows
from models.recommending.evaluation import evaluate_recommender
from models.recommending.fitting import Batches
from models.recommending.network import build_network
from models.recommending.recommender import Recommender
from models.recommending.training import NotEnough, TrainedRecommender, train_recommender
from models.sessions.sequences import EVENTS, Sequences, from_lists, read_sequences
from models.sessions.vocabulary import build_vocabulary
from tests.models.walks import SMALL, walks

# Keras 3.15 saves an Embedding by np.array(variable), which NumPy 2 does not like.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SEEN: list[int] = []


@pytest.fixture(scope="module")
def trained() -> TrainedRecommender:
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, _: SEEN.append(epoch))
    return train_recommender(walks(1_500, 1), walks(200, 2), SMALL, 5, [callback])


def test_it_finds_what_was_planted_and_beats_the_baselines(trained: TrainedRecommender) -> None:
    config = SMALL.model_copy(update={"top_k": 2})
    found = evaluate_recommender(trained.recommender, walks(1_500, 1), walks(300, 3), config, seed=0, resamples=50)
    # two items are possible at every step: the next on the ring, and the session's first, which Markov cannot know
    assert found["test"]["recall_at_2"] > 0.9
    assert found["baselines"]["markov"]["recall_at_2"] < 0.85
    assert found["differences"]["markov"]["recall_at_2"][1] > 0.0
    low, high = found["test_intervals"]["mrr_at_2"]
    assert low <= found["test"]["mrr_at_2"] <= high
    assert found["counts"]["prefixes"] == int((walks(300, 3).lengths() - 1).sum())


def test_an_unknown_target_is_a_miss_and_stays_in_the_count(trained: TrainedRecommender) -> None:
    config = SMALL.model_copy(update={"top_k": 60})
    test = from_lists([["i1", "i2"], ["i1", "new"], ["new", "i3"], ["i5"]])
    found = evaluate_recommender(trained.recommender, walks(50, 1), test, config, seed=0, resamples=10)
    assert found["counts"] == {"prefixes": 3, "items": 60, "sessions": 3, "repeats": 0, "unknown_targets": 1}
    assert found["test"]["recall_at_60"] == pytest.approx(2 / 3)
    nothing = evaluate_recommender(trained.recommender, walks(50, 1), from_lists([["i5"]]), config, seed=0)
    assert nothing == {"skipped": "no test session has two item events"}


def test_the_best_epoch_is_the_one_kept(trained: TrainedRecommender) -> None:
    losses = trained.history["val_loss"]
    assert trained.best_epoch == int(np.argmin(losses))
    assert len(losses) == len(trained.history["loss"])
    assert losses[trained.best_epoch] < losses[0]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        quick = SMALL.model_copy(update={"epochs": 1})
        train_recommender(walks(200, 1), walks(50, 2), quick, 5).recommender.save(tmp_path / name)
    first, second = ((tmp_path / name / "recommender.keras").read_bytes() for name in ("first", "second"))
    assert first == second


def test_sessions_in_files_train_to_the_same_bytes_as_sessions_in_memory(tmp_path: Path) -> None:
    quick = SMALL.model_copy(update={"epochs": 1, "refit": True, "backwards": True})
    files = [save(told_walks(count, seed), tmp_path / f"{seed}.parquet") for count, seed in ((150, 1), (60, 2))]
    made = []
    for name in ("memory", "files"):
        (tmp_path / name).mkdir()
        scratch = tmp_path / "files" if name == "files" else None
        train, validation = (read_sequences(file, scratch) for file in files)
        train_recommender(train, validation, quick, 5).recommender.save(tmp_path / name)
        made.append((tmp_path / name / "recommender.keras").read_bytes())
    assert made[0] == made[1]
    assert len(list((tmp_path / "files").iterdir())) == 2


def save(log: Sequences, path: Path) -> Path:
    ends = log.offsets.tolist()
    spans = list(pairwise(ends))
    table = {
        "session_id": log.session_ids,
        "session_start": log.starts,
        "items": [log.session(place) for place in range(len(log))],
        "events": [[EVENTS[kind] for kind in log.events[start:end]] for start, end in spans],
        "gaps": [log.gaps[start:end].tolist() for start, end in spans],
    }
    pq.write_table(pa.table(table), path)
    return path


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_a_less_precise_encoder_learns_nearly_as_well_and_is_loaded_as_it_was_saved(
    trained: TrainedRecommender, tmp_path: Path, precision: str
) -> None:
    found = train_recommender(walks(1_500, 1), walks(200, 2), SMALL.model_copy(update={"precision": precision}), 5)
    best = min(found.history["val_loss"])
    assert best == pytest.approx(min(trained.history["val_loss"]), rel=0.03)
    assert best != min(trained.history["val_loss"])  # it did compute otherwise
    found.recommender.save(tmp_path)
    again, sessions = Recommender.load(tmp_path), [["i3", "i4"], ["i7"]]
    assert again.model.get_layer("encoder").get_layer("gru").dtype_policy.name == precision
    assert [list(one) for one in again.recommend(sessions)] == [
        list(one) for one in found.recommender.recommend(sessions)
    ]


def test_another_seed_gives_other_weights_and_other_batches() -> None:
    sequences = walks(200, 1)
    vocabulary = build_vocabulary(sequences)
    one, two = (build_network(vocabulary, SMALL, seed) for seed in (1, 2))
    assert (one.table() != two.table()).any()
    windows = make_windows(sequences, vocabulary, 10)
    first, second = (next(iter(Batches(windows, 64, seed, shuffle=True)())).ids for seed in (1, 2))
    assert first.shape != second.shape or (first != second).any()


def test_callbacks_see_every_epoch(trained: TrainedRecommender) -> None:
    assert list(range(len(trained.history["loss"]))) == SEEN


def test_too_few_sessions_are_a_reason_and_not_a_model() -> None:
    with pytest.raises(NotEnough, match=r"3 of 5 training sessions .* asks for 50"):
        train_recommender(from_lists([["a", "b"], ["a", "b"], ["b", "a", "c"], ["a"], []]), walks(5, 0), SMALL, 0)
    with pytest.raises(NotEnough, match="0 of 0"):
        train_recommender(from_lists([]), from_lists([]), SMALL, 0)


@pytest.mark.parametrize(
    "sessions",
    [[["a", "a", "a"]] * 60 + [[], ["b"]], [["a", "b"] * 5_000] + [["b", "a"]] * 60],
    ids=["a catalogue of one item", "a session of 10,000 events"],
)
def test_odd_sessions_train_and_recommend(sessions: list[list[str]]) -> None:
    quick = SMALL.model_copy(update={"epochs": 1, "encoder": "pooling"})
    trained = train_recommender(from_lists(sessions), from_lists([]), quick, 0)
    assert np.isfinite(trained.history["loss"]).all()
    assert trained.recommender.recommend([["a"]], 1)[0].source == "model"


@pytest.mark.parametrize("refit", [False, True])
def test_a_training_that_diverges_is_no_model_and_says_what_helps(refit: bool) -> None:
    wild = OptimizerConfig(name="sgd", learning_rate=1e12)
    config = SMALL.model_copy(update={"optimizer": wild, "epochs": 3, "refit": refit})
    with pytest.raises(DivergedError, match=r"diverged in epoch 1: the loss is nan.*recommender\.optimizer\.clip_norm"):
        train_recommender(walks(300, 1), walks(50, 2), config, 5)


def test_refitting_takes_in_the_validation_sessions_for_as_many_epochs_as_were_best() -> None:
    quick = SMALL.model_copy(update={"epochs": 2, "refit": True})
    found = train_recommender(walks(300, 1), from_lists([["new", "i1", "i2", "new"]] * 40), quick, 5)
    assert "new" in found.recommender.vocabulary.items
    assert found.recommender.recommend([["i1", "new"]])[0].skipped == 0
    assert len(found.history["val_loss"]) == 2


@pytest.mark.parametrize("told", ["events", "gaps"])
def test_it_learns_what_only_kinds_or_only_gaps_can_tell(told: str) -> None:
    config = SMALL.model_copy(update={"top_k": 1, "baselines": (), "epochs": 6})
    train, validation, test = (told_walks(count, seed) for count, seed in ((900, 1), (150, 2), (200, 3)))
    figures = {}
    for used in (True, False):
        changed = config.model_copy(update={"use_events": False, "use_gaps": False, f"use_{told}": used})
        made = train_recommender(train, validation, changed, 5).recommender
        figures[used] = evaluate_recommender(made, train, test, changed, 0, resamples=5)["test"]["recall_at_1"]
    assert figures[True] > 0.9
    assert figures[False] < 0.75


def told_walks(sessions: int, seed: int, items: int = 12) -> Sequences:
    """Sessions that step one item on after a view and a short wait, and two after a cart and a long one."""
    rng = np.random.default_rng(seed)
    far = [rng.random(5) < 0.5 for _ in range(sessions)]
    steps = [np.cumsum(np.append(rng.integers(items), 1 + row)) % items for row in far]
    return from_lists(
        [[f"i{item}" for item in row] for row in steps],
        [["cart" if one else "view" for one in [*row, False]] for row in far],
        gaps=[[400.0 if one else 2.0 for one in [*row, False]] for row in far],
    )
