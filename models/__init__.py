"""Keras models, their training and tuning, and the baselines they are compared with."""

import os

# TensorFlow Recommenders imports only where `tf.keras` is Keras 2, and TensorFlow decides that when it is first
# imported. Our own models use Keras 3 by `import keras`, which this does not touch.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
