"""Trials of the recommender."""

from pathlib import Path
from typing import Any

import numpy as np

from models.binary_metrics import resample_weights
from models.config import RecommenderConfig
from models.progress import each_epoch
from models.recommending import ranking
from models.recommending.cases import make_prefixes
from models.recommending.recommender import Recommender
from models.recommending.training import train_recommender
from models.sessions.sequences import Sequences, read_sequences
from models.tasks.digest import digest_of
from models.trials.trial import Outcome, TaskAddress, Tell, TrialSpec

ASIDE = 0.2
RESAMPLES = 200


class SessionTask:
    """The recommender on the training and validation sessions of a split; those of the test are not even read."""

    def __init__(self, folder: str, max_sessions: int, seed: int, data: str) -> None:  # noqa: ARG002
        """Read the sessions, and set a fifth of the training ones aside for trials that ask to be judged on them.

        Args:
            folder: the split stage's.
            max_sessions: sessions to train on at most, the latest.
            seed: of what is set aside.
            data: digest of both files, so that trials on other data are other trials.
        """
        sessions, self._validation = (
            read_sequences(Path(folder) / f"sequences_{side}.parquet") for side in ("train", "validation")
        )
        latest = np.arange(max(0, len(sessions) - round(max_sessions / (1 - ASIDE))), len(sessions))
        aside = np.random.default_rng(seed).random(len(latest)) < ASIDE
        self._train, self._aside = sessions.take(latest[~aside]), sessions.take(latest[aside])
        self._seed = seed

    @classmethod
    def address(cls, folder: Path, max_sessions: int, seed: int) -> TaskAddress:
        """Where worker processes find the task of a split."""
        data = digest_of(folder / f"sequences_{side}.parquet" for side in ("train", "validation"))
        arguments = {"folder": str(folder.resolve()), "max_sessions": max_sessions, "seed": seed, "data": data}
        return TaskAddress("models.tasks.sessions:SessionTask", arguments)

    def train(self, spec: TrialSpec, folder: Path, start: Path | None, tell: Tell) -> Outcome:  # noqa: ARG002
        """Train a configuration of the recommender; with `share.judge` judge it on what is set aside.

        A trial that was killed starts over: the recommender keeps no checkpoint.
        """
        config = RecommenderConfig.model_validate({**spec.config, "epochs": spec.epochs})
        trained = train_recommender(self._train, self._validation, config, spec.seed, [each_epoch(tell)])
        targets = int(np.maximum(self._train.lengths() - 1, 0).sum())
        extra: dict[str, Any] = {"rows": len(self._train), "steps_per_epoch": -(-targets // config.batch_size)}
        if spec.share.get("judge"):
            extra |= _judged(trained.recommender, self._aside, config, self._seed)
        metrics = {name: series[trained.best_epoch] for name, series in trained.history.items()}
        return Outcome(metrics, trained.history, trained.best_epoch, extra)


def _judged(recommender: Recommender, aside: Sequences, config: RecommenderConfig, seed: int) -> dict[str, Any]:
    """`judged` Recall, MRR and NDCG on the sessions set aside, and Recall on resamples, the same for all trials."""
    k = config.top_k
    cases = make_prefixes(aside, recommender.vocabulary, config.max_length)
    found = ranking.rank_all(
        lambda first, last: recommender.scores(*cases.seen.rows(slice(first, last))),
        cases.targets - 1,
        len(recommender.vocabulary),
        k,
    )
    hits = ranking.gains(found.ranks, k)[:, 0]
    _, clusters = np.unique(cases.sessions, return_inverse=True)
    resamples = [w @ hits / w.sum(axis=1) for w in resample_weights(clusters.astype(np.int64), RESAMPLES, seed)]
    return {
        "judged_rows": len(aside),
        "judged": ranking.metrics(found, k),
        "resamples": [float(value) for value in np.concatenate(resamples)],
    }
