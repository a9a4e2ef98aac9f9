"""In which arithmetic layers compute."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras


@contextmanager
def layers_in(policy: str) -> Iterator[None]:
    """Layers made inside compute under a Keras dtype policy, such as `mixed_bfloat16`; their weights stay float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
