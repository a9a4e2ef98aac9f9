"""A scheduler with a clock of seconds, to be killed: `python -m benchmarks.killed_operations.clockwork FOLDER`.

Its job takes a second and a half. It notes that it has begun and ended, and whether another one was still at work.
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.triggers.base import BaseTrigger

from pipeline.scheduling.config import ScheduleConfig
from pipeline.scheduling.job import Job
from pipeline.scheduling.service import serve

EVERY = 3.0
"""Seconds between two dates."""

BEGUN, ENDED, TOGETHER = "begun", "ended", "together"
"""Files with a line a job: its process, and that of another one at work beside it."""

JOB = f"""
for other in $(cat {BEGUN} 2>/dev/null); do
    grep -qs '^State:.[^ZX]' /proc/$other/status && echo $other >> {TOGETHER}
done
echo $$ >> {BEGUN}
sleep 1.5
echo $$ >> {ENDED}
"""


class Seconds(BaseTrigger):
    """Comes up every so many seconds, by the system's clock."""

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """The first one, or the one after the previous."""
        if previous is not None:
            return previous + timedelta(seconds=EVERY)
        return datetime.fromtimestamp((now.timestamp() // EVERY + 1) * EVERY, UTC)

    def __str__(self) -> str:
        return f"every {EVERY} seconds"


def job_in(folder: Path) -> Job:
    """The job, whose notes lie in a folder."""
    command = ("/bin/sh", "-c", f"cd {folder}\n{JOB}")
    return Job(command, folder, ScheduleConfig(backoff_seconds=0.5, stop_seconds=1.0))


def main() -> None:
    """Keep running."""
    serve(job_in(Path(sys.argv[1])), Seconds(), lambda text: print(f"{time.time():.3f} {text}", flush=True))


if __name__ == "__main__":
    main()
