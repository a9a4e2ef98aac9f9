"""Trials of any trainable task: run side by side in processes, kept in a folder, taken up again after a kill."""
