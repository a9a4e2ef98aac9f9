"""What TensorFlow can compute on."""

import tensorflow as tf


def gpu_names() -> list[str]:
    """Names of the GPUs that TensorFlow sees."""
    details = [tf.config.experimental.get_device_details(device) for device in tf.config.list_physical_devices("GPU")]
    return [str(detail.get("device_name", "GPU")) for detail in details]
