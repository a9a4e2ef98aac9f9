"""Small examples and models for the tests of this package."""

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd

from data.examples import Examples
from data.feature import Feature
from models.abandonment import build_abandonment, core, encode
from models.config import AbandonmentConfig
from models.encoder import fit_encoder

SPECS = (
    Feature("cart_value", "Cart value", "cart", unit="currency"),
    Feature("seconds_since_last_cart", "Time since the last cart event", "time", unit="s"),
    Feature("unused", "Moon phase", "time"),
    Feature("device", "Device", "table", kind="categorical"),
    Feature("n_views", "Views", "session", unit="events"),
)


def carts(rows: int, seed: int = 0) -> Examples:
    """Carts whose abandonment hangs on cart value and device; one value in ten unknown."""
    generator = np.random.default_rng(seed)
    value = generator.gamma(2.0, 40.0, rows)
    value[generator.random(rows) < 0.1] = np.nan
    device = generator.choice(np.array(["phone", "desktop", "tablet"], dtype=object), rows)
    device[generator.random(rows) < 0.05] = None
    log_odds = 0.02 * np.nan_to_num(value, nan=80.0) - 1.5 + np.where(device == "phone", 1.0, 0.0)
    features = pd.DataFrame(
        {
            "cart_value": value.astype("float32"),
            "seconds_since_last_cart": generator.exponential(120.0, rows).astype("float32"),
            "unused": generator.normal(size=rows).astype("float32"),
            "device": pd.Series(device, dtype=object),
            "n_views": generator.poisson(3.0, rows).astype("float32"),
        }
    )
    keys = pd.DataFrame(
        {
            "session_id": [f"s{row // 2}" for row in range(rows)],
            "visitor_id": [f"v{row // 4}" for row in range(rows)],
            "decision_point": pd.array([row % 2 for row in range(rows)], dtype="Int32"),
            "ts": pd.Timestamp("2024-05-01", tz="UTC") + pd.to_timedelta(np.arange(rows), unit="min"),
        }
    )
    labels = (generator.random(rows) < 1 / (1 + np.exp(-log_odds))).astype(np.int8)
    return Examples(keys, features, labels, SPECS)


def model_of(train: Examples, body: keras.Model) -> keras.Model:
    """The abandonment model's shape around a given core."""
    encoder = fit_encoder(train, 0)
    inputs = {layer.name: keras.Input(layer.shape[1:], dtype=layer.dtype, name=layer.name) for layer in encoder.inputs}
    return keras.Model(inputs, body(encoder(inputs)), name="abandonment")


def trained(train: Examples, config: AbandonmentConfig, epochs: int = 3) -> keras.Model:
    """A network of this shape after a few epochs, its calibration set to something else than the identity."""
    keras.utils.set_random_seed(1)
    model = build_abandonment(train, config)
    body, encoded = core(model), encode(model, train)
    body.compile(optimizer=keras.optimizers.Adam(0.01), loss="binary_crossentropy")
    body.fit(encoded, train.abandoned, epochs=epochs, batch_size=128, verbose=0)
    body.get_layer("calibration").set_weights([np.array([[0.8]], "float32"), np.array([0.2], "float32")])
    return model


def linear(train: Examples, coefficients: npt.NDArray[np.float64]) -> keras.Model:
    """A core whose log-odds are a linear function of the encoded columns."""
    inputs = keras.Input((len(coefficients),))
    logit = keras.layers.Dense(1, name="logit")(inputs)
    calibrated = keras.layers.Dense(1, name="calibration", trainable=False)(logit)
    body = keras.Model(inputs, keras.layers.Activation("sigmoid", name="probability")(calibrated), name="core")
    body.get_layer("logit").set_weights([coefficients.astype("float32")[:, None], np.array([0.5], "float32")])
    body.get_layer("calibration").set_weights([np.array([[2.0]], "float32"), np.array([-0.3], "float32")])
    return model_of(train, body)
