"""Answers beside guessing."""

from dataclasses import dataclass

from scipy.stats import binomtest

from explain.wording import share_text


@dataclass(frozen=True)
class Score:
    """How many of some yes-or-no tasks were solved."""

    right: int
    asked: int

    low: float
    """Lower end of the exact 95% interval (Clopper & Pearson 1934) of the share solved."""

    high: float
    """Its upper end."""

    p_value: float
    """How often guessing solves as many or more."""

    @property
    def share(self) -> float:
        """Share solved."""
        return self.right / self.asked

    @property
    def sentence(self) -> str:
        """The score in words."""
        verdict = (
            "Better than guessing can explain"
            if self.p_value < 0.05
            else "Not shown to be better than guessing, which gets half of them right"
        )
        return (
            f"{self.right} of {self.asked} right: {share_text(self.share, 0)}, exact 95% interval "
            f"{share_text(self.low, 0)} to {share_text(self.high, 0)}. {verdict}: guessing gets as many or more in "
            f"{share_text(self.p_value)} of cases."
        )


def against_guessing(right: int, asked: int) -> Score:
    """Score `right` of `asked` tasks with two equally likely answers."""
    interval = binomtest(right, asked, 0.5).proportion_ci(0.95, method="exact")
    p_value = binomtest(right, asked, 0.5, alternative="greater").pvalue
    return Score(right, asked, float(interval.low), float(interval.high), float(p_value))
