"""The demo shop side by side with itself: the same catalogue and days, every time with other visitors."""

from collections.abc import Callable
from pathlib import Path

from data.config import DemoConfig
from data.demo.catalogue import build_catalogue
from data.demo.shop import exposure_of, visitors_of
from data.demo.writing import Table

FRESH = 3
"""Keeps the seeds of fresh crowds apart from those of the shop's own."""

OWN = ("visitor_id", "item_id", "category")
"""Ids that no two crowds share: what one crowd does is no history of another's items, prices or visitors."""


def write_crowds(config: DemoConfig, crowds: range, seed: int, out: Path, tell: Callable[[str], None]) -> None:
    """Write `events.parquet` and `truth.parquet` of some crowds, each of `config.sessions` sessions of its own.

    A shop of the size that the models learnt from shows them item histories as long as they know.

    Args:
        config: the shop.
        crowds: their numbers; a crowd is the same whichever are written beside it.
        seed: other visitors for another seed.
        out: existing folder.
        tell: what is being done at the moment.
    """
    catalogue = build_catalogue(config)
    exposure = exposure_of(config, catalogue)
    with Table(out / "events.parquet") as log, Table(out / "truth.parquet") as known:
        for crowd in crowds:
            tell(f"simulating crowd {crowd + 1:,} of visitors, {config.sessions:,} sessions")
            for happened, truths in visitors_of(config, catalogue, exposure, (FRESH, seed, crowd)):
                log.write(happened.assign(**{name: f"{crowd}:" + happened[name] for name in OWN}))
                known.write(truths.assign(visitor_id=f"{crowd}:" + truths["visitor_id"]))
