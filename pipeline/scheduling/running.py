"""One run: the command, tried again where it fails, with everything remembered before it happens."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event

from pipeline.scheduling import child
from pipeline.scheduling.decisions import latest_decision
from pipeline.scheduling.job import Job
from pipeline.scheduling.runs import Attempt, Outcome, Run, Runs
from pipeline.scheduling.telling import Teller

REFUSED = 3
"""Exit code of a command that will not learn from the new data."""

CUT_OFF = 2
"""How often one run may be cut off: it may well be what brings the machine down."""


class Runner:
    """Does what is due."""

    def __init__(self, job: Job, runs: Runs, stop: Event, say: Callable[[str], None]) -> None:
        """Run `job`, remember it in `runs`, end early where `stop` is set, and tell the terminal by `say`."""
        self.job, self.runs, self._stop, self._say = job, runs, stop, say
        self.teller = Teller(job, runs, say)

    def accept(self, due: datetime) -> Run:
        """The run that is due, on disk before the schedule moves on: taken up again, or a new one."""
        known = self.runs.find(due)
        if known:
            return known
        unfinished = self.runs.unfinished()
        if unfinished:
            self._end_left_over(unfinished)
            self.runs.save(_cut_off(unfinished).over("cut off"))
        run = Run(due=due.astimezone(UTC), command=self.job.command)
        self.runs.save(run)
        return run

    def work(self, run: Run) -> None:
        """Run the command until it succeeds, is refused, or no retry is left; then tell who wants to know.

        A run that is stopped meanwhile is left unfinished: the next scheduler goes on with it.
        """
        if run.outcome:  # killed between the end of the run and the schedule's moving on
            return
        try:
            self._end_left_over(run)
            run = _cut_off(run)
            ended = self._tried(run)
        except Exception as error:  # a full disk, a program that is gone: the schedule goes on
            self._say(f"{self.job.name} could not be run: {error}")
            ended = self._to_be_told((self.runs.unfinished() or run).over("failed"))
            self._keep(ended)
        if ended:
            came_to = "promoted" if ended.promoted else ended.outcome
            self._say(f"{self.job.name}: {came_to}. Output: {self.runs.log(ended)}")
            self.teller.tell(ended)

    def _tried(self, run: Run) -> Run | None:
        while (outcome := self._outcome(run)) is None:
            self._say(self._about_to_begin(run))
            run = self._attempted(run)
            if run.attempts[-1].ending == "stopped" or self._waited(run):
                self._say(f"{self.job.name} was stopped; the next scheduler begins it again.")
                return None
        run = run.over(outcome)
        decision = latest_decision(self.job.workdir, run.attempts[0].started) if run.attempts else None
        if decision and outcome in ("done", "refused"):
            promoted = outcome == "done" and decision.get("decision") == "promoted"
            run = run.model_copy(update={"promoted": promoted, "decision": str(decision.get("sentence", ""))})
        run = self._to_be_told(run)
        self.runs.save(run)
        self.runs.forget(self.job.settings.keep_runs)
        return run

    def _outcome(self, run: Run) -> Outcome | None:
        settings = self.job.settings
        grace = settings.misfire_grace_seconds
        if not run.attempts:
            late = datetime.now(UTC) - run.due
            return "missed" if grace is not None and late > timedelta(seconds=grace) else None
        ending = run.attempts[-1].ending
        if ending in ("done", "refused"):
            return ending
        return "failed" if run.failures > settings.retries or run.count("cut off") >= CUT_OFF else None

    def _attempted(self, run: Run) -> Run:
        log = self.runs.log(run)
        began = datetime.now(UTC)
        with log.open("a") as file:
            file.write(f"=== attempt {len(run.attempts) + 1}, {began:%Y-%m-%d %H:%M:%S} UTC: {self.job.name}\n")
        run = run.begun(Attempt(started=began))
        self.runs.save(run)
        process = child.prepare(self.job.command, log)
        try:
            run = run.latest(pid=process.pid, born=child.born(process.pid))
            self.runs.save(run)
        except BaseException:
            process.kill()
            raise
        child.begin(process)
        code, cause = child.wait(process, self._stop, self.job.settings.stop_seconds, self._limit)
        ending = {0: "done", REFUSED: "refused"}.get(code, cause or "failed")
        if cause == "timed out":  # whatever it made of being told to end
            ending = cause
            with log.open("a") as file:
                file.write(f"=== attempt {len(run.attempts)} {self._too_long} and was ended, exit code {code}\n")
        run = run.latest(ended=datetime.now(UTC), exit_code=code, ending=ending)
        self.runs.save(run)
        return run

    @property
    def _limit(self) -> float | None:
        minutes = self.job.settings.timeout_minutes
        return None if minutes is None else 60.0 * minutes

    @property
    def _too_long(self) -> str:
        return f"took longer than {self.job.settings.timeout_minutes:g} minutes (`schedule.timeout_minutes`)"

    def _waited(self, run: Run) -> bool:
        """Wait before a retry; whether that was stopped."""
        if self._outcome(run) is not None:
            return False
        seconds = self.job.settings.backoff_seconds * 2 ** (run.failures - 1)
        last = run.attempts[-1]
        why = self._too_long if last.ending == "timed out" else f"failed with exit code {last.exit_code}"
        self._say(f"{self.job.name} {why}; again in {seconds:g} s.")
        return self._stop.wait(seconds)

    def _end_left_over(self, run: Run) -> None:
        last = run.attempts[-1] if run.attempts else None
        if not last or last.ending or last.pid is None or last.born is None:
            return
        if child.end_left_over(last.pid, last.born, self.job.settings.stop_seconds):
            self._say(f"Ended process {last.pid}, which a killed scheduler had left behind.")

    def _keep(self, run: Run) -> None:
        try:
            self.runs.save(run)
        except OSError as error:
            self._say(f"The outcome could not be kept: {error}")

    def _to_be_told(self, run: Run) -> Run:
        wanted = run.outcome in ("failed", "refused") or (run.promoted and self.job.settings.notify_promotion)
        return run.model_copy(update={"untold": wanted})

    def _about_to_begin(self, run: Run) -> str:
        again = f", attempt {len(run.attempts) + 1}" if run.attempts else ""
        late = datetime.now(UTC) - run.due
        missed = "" if run.attempts or late < timedelta(minutes=1) else " It was missed."
        due = self.job.at(run.due)
        return f"Starting {self.job.name}{again}, due {due}.{missed} Output: {self.runs.log(run)}"


def _cut_off(run: Run) -> Run:
    """The run with the end of an attempt that nobody saw the end of."""
    return run.latest(ending="cut off") if run.attempts and run.attempts[-1].ending is None else run
