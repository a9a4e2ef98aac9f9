"""The models of a run, asked about any number of fresh carts."""

from collections.abc import Callable
from pathlib import Path

from data.feature import read_features
from models.abandonment import predict
from models.artifacts import load_model
from pipeline.config import PipelineConfig
from pipeline.recommending import load_recommender, no_recommender
from pipeline.rescue_items import out_of_stock
from pipeline.simulating.fresh import fresh_carts
from pipeline.simulating.judged import Judged
from pipeline.simulating.showing import Showing

AT_ONCE = 400_000
"""Sessions taken from events to numbers at once, which is what bounds the memory."""


class Judge:
    """What a run's models say of fresh carts of its shop.

    Args:
        config: a run of the demo shop.
        workdir: its folder.
        seed: of the visitors.
        tell: what is being done at the moment.
    """

    def __init__(self, config: PipelineConfig, workdir: Path, seed: int, tell: Callable[[str], None]) -> None:
        self._config, self._seed, self._tell = config, seed, tell
        self._specs = read_features(workdir / "split" / "features.json")
        self._model = load_model(workdir / "train" / "abandonment.keras")
        self.no_items = no_recommender(workdir)
        """Why no items can be shown; None where they can."""
        self._showing = None if self.no_items else _showing(config, workdir)

    def __call__(self, crowds: range, items: bool) -> Judged:
        """The open carts of some crowds, with what `items` to show do where the run has a recommender."""
        step = max(1, AT_ONCE // self._config.demo.sessions)
        parts = [crowds[start : start + step] for start in range(0, len(crowds), step)]
        return Judged.join([self._part(part, items) for part in parts])

    def _part(self, crowds: range, items: bool) -> Judged:
        fresh = fresh_carts(self._config, self._specs, crowds, self._seed, self._tell)
        self._tell("asking the models")
        fits = self._showing(fresh) if items and self._showing else {}
        return Judged.of(fresh, predict(self._model, fresh.examples), self._config.costs, fits)


def _showing(config: PipelineConfig, workdir: Path) -> Showing:
    """Shows what a rescue list of the run would."""
    return Showing(config.demo, load_recommender(workdir), config.rescue.hide_bought, out_of_stock(config.rescue))
