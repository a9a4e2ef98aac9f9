"""Configuration of the recommender and its training."""

from typing import Literal, Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from data.errors import InputError
from data.strict import StrictModel
from models.config.optimizer import OptimizerConfig


class AugmentationConfig(StrictModel):
    """How training sessions are varied, each way with its own probability a session (Xie et al. 2022,
    arXiv:2010.14395). A session longer than `max_length` is several here. The multi-task networks learn from sessions
    as they are."""

    crop: float = Field(default=0.0, ge=0.0, le=1.0)
    """Probability that only a contiguous part of the session, half its events, is learned from."""

    mask: float = Field(default=0.0, ge=0.0, le=1.0)
    """Probability that a fifth of the session's input items are hidden; they are still to be predicted."""

    reorder: float = Field(default=0.0, ge=0.0, le=1.0)
    """Probability that a contiguous fifth of the session's events, the last one left out, is shuffled."""


class RecommenderConfig(StrictModel):
    """The network that says which item comes next in a session."""

    enabled: bool = True
    """Whether to train one at all."""

    encoder: Literal["gru", "lstm", "attention", "pooling"] = "gru"
    """How the session's items become one state."""

    dimension: PositiveInt = 64
    """Width of the item embeddings, shared by input and output (tied), and of the session's vector."""

    heads: PositiveInt = 2
    """Heads of the `attention` encoder."""

    item_start: Literal["co_occurrence", "random"] = "co_occurrence"
    """Where item vectors start: near the items they share sessions with, or anywhere."""

    warm_start: str | None = Field(default=None, min_length=1)
    """An earlier recommender to start from instead of from zero: the folder that holds it (`work/train` of another
    work folder) or its address in MLflow's registry (`models:/next-item@champion`, `models:/next-item/3`). The items
    it knows keep their vectors while any training session has them, new ones start among those they go with. Its own
    training should have ended before this run's test sessions began, or their figures flatter."""

    keep_unseen: bool = False
    """Whether a warm start also keeps items that no training session has any more. Off, they are taken for gone; turn
    it on to train on the latest sessions alone, where most items are only absent."""

    temperature: float = Field(default=0.07, gt=0.0)
    """What the cosine of session and item is divided by; the lower, the sharper the scores."""

    loss: Literal["in_batch", "softmax", "bpr_max"] = "softmax"
    """Cross-entropy against the batch's other targets (`in_batch`, by TFRS's `Retrieval` task) or against those and
    `negatives` (`softmax`); or BPR-max (Hidasi & Karatzoglou 2018) against the latter."""

    score_penalty: float = Field(default=0.0, ge=0.0)
    """Weight of the squared scores of negatives in `bpr_max`."""

    dropout: float = Field(default=0.2, ge=0.0, lt=1.0)
    """Share of the session vector's entries dropped in training."""

    input_dropout: float = Field(default=0.2, ge=0.0, lt=1.0)
    """Share of the entries of the items' vectors dropped in training, before the encoder."""

    batch_normalization: bool = True
    """Normalize the session's state over the batch before dropout."""

    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    """Arithmetic of the encoder's layers. Weights, item vectors, the head and all scores are float32 in any case; the
    mixed kinds pay on hardware that has units for them."""

    max_length: int = Field(default=20, ge=1)
    """Latest events of a session that the encoder sees."""

    use_events: bool = True
    """Whether the encoder is told the kind of each event: view, cart, uncart, purchase or favourite."""

    use_gaps: bool = False
    """Whether the encoder is told how long after the session's previous event each event came. Worth a try where
    visitors behave otherwise after a pause; where it was measured, it changed nothing."""

    min_item_count: PositiveInt = 2
    """Training events an item needs to enter the vocabulary."""

    augmentation: AugmentationConfig = AugmentationConfig()
    """How training sessions are varied."""

    optimizer: OptimizerConfig = OptimizerConfig()
    """How the weights are updated; `gradient_descent` and `single_sgd` are for the abandonment model alone."""

    batch_size: PositiveInt = 512
    """Prefixes in a training step; the in-batch softmax takes its negatives from it."""

    negatives: NonNegativeInt | Literal["all"] = 512
    """Further negatives of a step, drawn from the catalogue: a batch alone has few of the rare items. "all" takes the
    whole catalogue (full softmax), at a cost that grows with it. `in_batch` has none."""

    negative_power: float = Field(default=0.0, ge=0.0, le=1.0)
    """Drawn in proportion to an item's training events to this power: 0 evenly, 1 by popularity."""

    stretches: PositiveInt = 16
    """Parts of the time that a pass goes through in order, the oldest first and each shuffled, so that the latest
    sessions weigh most; 1 shuffles everything."""

    epochs: PositiveInt = 20
    """Most passes over the training sessions."""

    weight_average: float = Field(default=4.0, ge=0.0)
    """Epochs, after the first two, over which the weights are averaged, exponentially; the average is what is judged
    and kept. 0 for none."""

    patience: PositiveInt = 2
    """Epochs without a better validation loss to wait for before stopping."""

    backwards: bool = False
    """Learn from every session backwards as well: what was looked at before is like what is looked at next, and items
    with few events gain most. Twice the time."""

    refit: bool = False
    """Train once more on training and validation sessions together, for as many epochs as were best, so that the
    latest sessions and items count too. Twice the time."""

    min_sessions: PositiveInt = 50
    """Training sessions with two items or more below which the recommender is left out, with that reason."""

    top_k: PositiveInt = 20
    """Items asked of the index; the K of Recall, MRR and NDCG."""

    baselines: tuple[
        Literal["popularity", "session_popularity", "markov", "repeat_markov", "item_cooccurrence", "vsknn", "vstan"],
        ...,
    ] = ("popularity", "session_popularity", "markov", "repeat_markov", "item_cooccurrence", "vsknn", "vstan")
    """Baselines that count the same sessions and are tested beside it."""

    index: Literal["brute_force", "streaming"] = "brute_force"
    """How the best items are looked up, exactly either way: `brute_force` scores the whole catalogue at once;
    `streaming` goes through it in blocks, slower, for catalogues whose scores do not fit in memory."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.optimizer.name in ("gradient_descent", "single_sgd"):
            raise InputError(
                "`recommender.optimizer.name` should be an update rule for batches (sgd, momentum, nag, adagrad, "
                f"rmsprop, adadelta, adam). Received: {self.optimizer.name}"
            )
        return self
