"""How the items of a session so far become one state: recurrent, by self-attention, or by pooling."""

from typing import Any

import keras
from keras import ops

from models.config import RecommenderConfig

Tensor = Any


def encode(vectors: Tensor, config: RecommenderConfig, seed: int) -> Tensor:
    """(n, T, D) item vectors → (n, T, D) states, each a function of the vectors up to its position.

    `gru` is that of GRU4Rec (Hidasi et al. 2016, arXiv:1511.06939), `lstm` its sibling, `attention` a causal
    transformer block with learned positions (SASRec; Kang & McAuley 2018, arXiv:1808.09781), and `pooling` a dense
    layer over the latest vector and the mean so far.
    """
    if config.encoder == "attention":
        return _attention(vectors, config, seed)
    if config.encoder == "pooling":
        return _pooling(vectors, config, seed)
    layer = keras.layers.GRU if config.encoder == "gru" else keras.layers.LSTM
    return layer(
        config.dimension,
        return_sequences=True,
        kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
        recurrent_initializer=keras.initializers.Orthogonal(seed=seed),
        name=config.encoder,
    )(vectors)


def _pooling(vectors: Tensor, config: RecommenderConfig, seed: int) -> Tensor:
    positions = ops.cumsum(ops.ones_like(vectors[..., :1]), axis=1)
    means = ops.cumsum(vectors, axis=1) / positions
    dense = _dense(config.dimension, "pooling", seed, activation="tanh")
    return dense(ops.concatenate([vectors, means], axis=-1))


def _attention(vectors: Tensor, config: RecommenderConfig, seed: int) -> Tensor:
    width = config.dimension
    # Counted from the start of the window: a state must not know how long the session will be.
    position = ops.cumsum(ops.ones_like(vectors[..., 0], dtype="int32"), axis=1) - 1
    places = keras.layers.Embedding(
        config.max_length,
        width,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=0.02, seed=seed),
        name="places",
    )
    placed = vectors + places(position)
    attended = keras.layers.MultiHeadAttention(
        num_heads=config.heads,
        key_dim=max(width // config.heads, 1),
        kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
        seed=seed,
        name="attention",
    )(placed, placed, use_causal_mask=True)
    hidden = keras.layers.LayerNormalization(name="attention_norm")(placed + attended)
    wide = _dense(2 * width, "wide", seed + 1, activation="relu")(hidden)
    return keras.layers.LayerNormalization(name="block_norm")(hidden + _dense(width, "narrow", seed + 2)(wide))


def _dense(units: int, name: str, seed: int, activation: str | None = None) -> keras.layers.Dense:
    initializer = keras.initializers.GlorotUniform(seed=seed)
    return keras.layers.Dense(units, activation=activation, kernel_initializer=initializer, name=name)
