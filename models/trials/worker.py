"""A process that runs the trials of a search: `python -m models.trials.worker FOLDER --join`.

A search starts those on its own machine. Others may join it from any machine that has this code and its data under the
same paths and sees the same FOLDER. The file system needs working locks (`flock`: local disks; NFS 4) and has to show
a file soon after it was renamed into place. A joined worker ends with the search; one whose machine is gone leaves its
trial to the others once the file system lets go of its lock.
"""

import argparse
import os
import platform
import signal
import sys
import threading
import time
import uuid
from pathlib import Path

from data.errors import InputError
from models.trials.crew import took
from models.trials.folder import TrialFolder
from models.trials.notice import JOINED, is_led, read_notice
from models.trials.running import run, take
from models.trials.trial import Task

PAUSE = 0.1  # seconds between two looks at a notice that had nothing


def work(folder: Path, name: str, joined: bool) -> None:
    """Run what the leader of `folder` offers until it ends.

    Raises:
        InputError: there is no search to join.
    """
    if joined and not is_led(folder):
        raise InputError(f"FOLDER should be where a search is running. Received: {folder}")
    address = read_notice(folder).task
    task = address.open()
    while (not joined or is_led(folder)) and read_notice(folder).task == address:
        if not take(folder, name, lambda trial: _run(folder, name, trial, task)):
            time.sleep(PAUSE)


def main() -> None:
    """Run trials for the search in the folder that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m models.trials.worker", description="Runs trials of a search.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the search keeps its trials")
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--join", action="store_true", help="help a search that was started elsewhere")
    how.add_argument("--name", help=argparse.SUPPRESS)  # set by the leader, which holds the other end of our input
    given = parser.parse_args()
    if given.name:
        threading.Thread(target=_end_with_leader, daemon=True).start()
    try:
        work(given.folder, given.name or f"{JOINED}-{platform.node()}-{uuid.uuid4().hex}", given.join)
    except InputError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _run(folder: Path, name: str, trial: TrialFolder, task: Task) -> None:
    if not name.startswith(JOINED):
        took(folder, name).touch()
    run(trial, task)


def _end_with_leader() -> None:
    os.read(sys.stdin.fileno(), 1)  # returns when the leader ends, however it ends
    try:
        os.killpg(os.getpid(), signal.SIGKILL)  # a trial may be stopped at any moment; what the task started goes too
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
