"""The combined network as one Keras model: raw values in, so that nothing is prepared twice."""

import keras
from keras import ops

from models.abandonment import core
from models.calibration import Platt, set_calibration
from models.multi_task.network import SessionNetwork, last_state
from models.recommending.network import named
from models.sessions.sequences import EVENTS
from models.sessions.vocabulary import Vocabulary


def tower(tabular: keras.Model) -> keras.Model:
    """What the combined network takes of the abandonment model, sharing its layers.

    Args:
        tabular: the abandonment model.

    Returns:
        A model from the encoded matrix (n, D) to its last hidden block and its log-odds before calibration, (n, H + 1).
    """
    body = core(tabular)
    logit = body.get_layer("logit")
    return named(keras.Model(body.input, ops.concatenate([logit.input, logit.output], axis=-1), name="tower"))


def serving_model(
    network: SessionNetwork, vocabulary: Vocabulary, tabular: keras.Model, calibration: Platt
) -> keras.Model:
    """The combined network, its lookups, the tabular model's encoder and the calibration in one model.

    Inputs: those of the abandonment model (`encoder.as_inputs`), and `items` and `events`, (n, L) strings: a session's
    latest items and kinds of event, oldest first, "" after the last one. Outputs: `abandonment` (n, 1), the probability
    that the cart is left, and `next_item` (n, D), a unit vector whose products with the unit rows of the layer
    "item_table" of "reader" rank the items that may come next.
    """
    encoder = tabular.get_layer("encoder")
    inputs = {layer.name: keras.Input(layer.shape[1:], dtype=layer.dtype, name=layer.name) for layer in encoder.inputs}
    encoded = encoder(dict(inputs))
    length = network.reader.inputs[0].shape[1]
    texts = {name: keras.Input((length,), dtype="string", name=name) for name in ("items", "events")}
    ids = _codes(vocabulary.items, "item_lookup")(texts["items"])
    kinds = _codes(EVENTS, "event_lookup")(texts["events"])
    state = last_state(network.reader({"ids": ids, "kinds": kinds}), kinds)
    logit = network.leaving({"state": state, "tabular": tower(tabular)(encoded)})
    calibrated = keras.layers.Dense(1, name="calibration", trainable=False)(logit)
    answers = {
        "abandonment": keras.layers.Activation("sigmoid", name="probability")(calibrated),
        "next_item": network.next_item(state),
    }
    model = named(keras.Model(inputs | texts, answers, name="multi_task"))
    set_calibration(model, calibration)
    return model


def _codes(words: tuple[str, ...], name: str) -> keras.layers.StringLookup:
    # Code 0 is no word: the padding, and in the lookup of items any that the vocabulary does not have.
    return keras.layers.StringLookup(vocabulary=list(words), oov_token="", name=name)
