"""Configuration of the models, their training and their search."""

from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from data.strict import StrictModel

Probability = Field(ge=0.0, le=1.0)


class EarlyStopping(StrictModel):
    """When to stop training before `epochs` is reached. The best epoch's weights are restored."""

    monitor: Literal["val_auc", "val_loss"] = "val_loss"
    """Metric watched after each epoch; its direction is derived from its name."""

    patience: PositiveInt = 6
    """Epochs without improvement to wait for before stopping."""

    min_delta: float = Field(default=0.0, ge=0.0)
    """Least change that counts as an improvement."""


class OptimizerConfig(StrictModel):
    """How the weights are updated."""

    name: Literal["adadelta", "adam", "sgd", "momentum", "nag", "adagrad", "rmsprop"] = "adadelta"
    """The update rule."""

    learning_rate: float = Field(default=1.0, gt=0.0)
    """Learning rate. Adadelta's published form has none, which is 1.0; Keras's default of 0.001 hardly learns."""

    rho: float = Field(default=0.95, gt=0.0, lt=1.0)
    """Decay of the running averages of Adadelta and RMSProp."""

    epsilon: float = Field(default=1e-6, gt=0.0)
    """Constant under the square roots."""

    momentum: float = Field(default=0.9, ge=0.0, lt=1.0)
    """Momentum of `momentum` and `nag`."""

    clip_norm: float | None = Field(default=None, gt=0.0)
    """Largest global norm of the gradient; longer ones are scaled down to it."""


class AbandonmentConfig(StrictModel):
    """The network that says how likely a cart is left: blocks of Dense, activation, BatchNormalization, Dropout."""

    enabled: bool = True
    """Whether to make one at all; without it a run makes the recommender alone, and needs no cart event."""

    intervals: NonNegativeInt = 8
    """Most intervals of a numeric feature's piecewise linear encoding; 0 gives the network the bare value."""

    units: tuple[PositiveInt, ...] = Field(default=(64, 32), min_length=1)
    """Units of each hidden block."""

    activation: Literal["relu", "elu", "tanh"] = "relu"
    """Activation of the hidden blocks; these three have exact SHAP values."""

    batch_normalization: Literal["after", "before", "off"] = "after"
    """Batch normalization after or before the activation, or none."""

    dropout: float = Field(default=0.45, ge=0.0, lt=1.0)
    """Share of a block's outputs dropped in training."""

    input_dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Share of the encoded inputs dropped in training."""

    residual: bool = False
    """Add each block's input to its output (through a linear projection where the widths differ)."""

    l2: float = Field(default=0.0, ge=0.0)
    """L2 penalty on the dense kernels."""

    optimizer: OptimizerConfig = OptimizerConfig()
    """How the weights are updated."""

    batch_size: PositiveInt = 256
    """Examples in a training step."""

    weight_average: float = Field(default=0.5, ge=0.0)
    """Epochs over which the weights are averaged, exponentially; the average is what is judged and kept. 0 for none."""

    epochs: PositiveInt = 40
    """Most passes over the training examples."""

    early_stopping: EarlyStopping = EarlyStopping()
    """When to stop before that."""

    imbalance: Literal["threshold", "class_weight"] = "threshold"
    """Answer to unequal classes: move the decision threshold, or weight the classes in training."""

    calibration: Literal["platt", "off"] = "platt"
    """Calibration fitted on the validation examples and kept as the model's last layer."""

    baselines: tuple[Literal["logistic_regression", "gradient_boosting"], ...] = (
        "logistic_regression",
        "gradient_boosting",
    )
    """Baselines trained on the same rows."""


class CostConfig(StrictModel):
    """What a nudge costs and brings, in the shop's currency; sets the decision threshold and the value of a nudge."""

    nudge_cost: float = Field(default=0.5, ge=0.0)
    """Cost of one nudge (message, discount) whether it works or not."""

    margin: float = Field(default=0.25, gt=0.0, le=1.0)
    """Share of the cart's value that is profit when it is bought."""

    rescue_rate: float = Field(default=0.1, gt=0.0, le=1.0)
    """Share of the carts that would be abandoned which a nudge turns into purchases."""

    cart_value: float = Field(default=1.0, gt=0.0)
    """Value counted for a cart whose value the source does not tell, in the same currency."""


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

    optimizer: OptimizerConfig = OptimizerConfig()
    """How the weights are updated."""

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


class MultiTaskConfig(StrictModel):
    """Networks that read a session's events for two tasks at once, which item comes next and whether the cart is left.

    They are measured beside the abandonment model, alone and together with it; the rescue list does not use them.
    """

    enabled: bool = False
    """Whether to train and measure them. Needs an event source and both models."""

    weight: float = Field(default=0.1, gt=0.0)
    """Weight of the next-item loss in the joint loss; that of the abandonment loss is 1. A network without the
    next-item task is always measured too."""

    units: PositiveInt = 32
    """Units of the abandonment head's hidden layer."""

    dropout: float = Field(default=0.4, ge=0.0, lt=1.0)
    """Share dropped in training of what enters that layer, and of what leaves it."""

    input_dropout: float = Field(default=0.3, ge=0.0, lt=1.0)
    """Share of the entries of the events' vectors dropped in training, before the encoder."""

    optimizer: OptimizerConfig = OptimizerConfig()
    """How the weights are updated."""

    batch_size: PositiveInt = 256
    """Examples in a training step; `recommender.batch_size` says how many next items go with them."""

    epochs: PositiveInt = 30
    """Most passes over the training examples."""

    early_stopping: EarlyStopping = EarlyStopping(patience=4)
    """When to stop before that, by abandonment on the validation examples."""


class TuneConfig(StrictModel):
    """Random search over the abandonment model."""

    trials: NonNegativeInt = 6
    """Settings tried; 0 trains the configured model as it is."""

    epochs: PositiveInt = 12
    """Most epochs of a trial."""

    max_rows: PositiveInt = 50_000
    """Training examples of a trial at most (a seeded sample of whole visitors)."""


class EvaluateConfig(StrictModel):
    """How quality is measured on the test examples."""

    bootstrap: PositiveInt = 500
    """Bootstrap resamples (of whole sessions) behind each 95% interval."""

    bins: PositiveInt = 15
    """Equal-count bins of the calibration curve and of the expected calibration error."""

    few: PositiveInt = 200
    """Test examples below which the report warns how little they prove."""

    max_prefixes: PositiveInt = 20_000
    """Steps of the test sessions that the recommender and its baselines are compared on at most (a seeded sample of
    whole sessions)."""
