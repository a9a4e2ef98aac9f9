"""The error where training diverges."""

from collections.abc import Sequence
from pathlib import Path

from data.errors import InputError
from models.fitting import NotFinite
from models.gradient_health import Finding, sentences


class DivergedError(InputError):
    """The loss is no finite number any more."""


def diverged(
    end: NotFinite, findings: Sequence[Finding], remedies: Sequence[str], folder: Path | None = None
) -> DivergedError:
    """The error to raise: after which epoch, what the gradients did, and which settings help.

    Args:
        end: what ended the training.
        findings: what was ill about the gradients up to then.
        remedies: settings against it.
        folder: where the state after the last good epoch is kept, if anywhere.
    """
    last = len(end.history["loss"])
    told = [f"Training diverged in epoch {last}: the loss is {end.history['loss'][-1]}."]
    told += sentences([one for one in findings if one.kind in ("nan", "exploding")], advise=False)[-1:]
    told.append(f"Set {' or '.join(f'`{setting}`' for setting in remedies)}.")
    if folder and last > 1:
        told.append(f"The weights after epoch {last - 1} are kept in {folder}.")
    return DivergedError(" ".join(told))
