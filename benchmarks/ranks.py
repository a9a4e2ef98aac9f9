"""Files of ranks: what a system, ours or another, did with the targets of a test, one line each in the test's order.

A line has a whole number, 1 the best, ties counted against the system, or `inf` where it cannot rank the target.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import numpy as np

from models.recommending.ranking import Floats


def read_ranks(path: Path, count: int) -> Floats:
    """(count,) ranks in a file.

    Raises:
        ValueError: the file has another number of lines, or a line that is no rank.
    """
    lines = path.read_text().splitlines()
    if len(lines) != count:
        raise ValueError(
            f"`{path}` should have a rank for each of {count:,} test targets. Received: {len(lines):,} lines"
        )
    for number, line in enumerate(lines, start=1):
        if not re.fullmatch(r"[1-9][0-9]*|inf", line):
            raise ValueError(
                f"`{path}` should have a whole number from 1, or inf, on line {number}. Received: {line!r}"
            )
    return np.array([float(line) for line in lines])


def write_ranks(path: Path, ranks: Floats) -> None:
    """Save (P,) ranks in the form that `read_ranks` reads."""
    path.write_text("".join(f"{rank:.0f}\n" for rank in ranks))


def read_peers(given: Iterable[str], count: int, taken: Collection[str]) -> dict[str, Floats]:
    """Ranks of other systems by name.

    Args:
        given: a NAME=FILE for each.
        count: targets that each has ranked.
        taken: names that are not free.

    Raises:
        ValueError: a name that cannot be part of a figure's, or a file as in `read_ranks`.
    """
    peers: dict[str, Floats] = {}
    for one in given:
        name, _, path = one.partition("=")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or not path:
            raise ValueError(f"`--peer` should be NAME=FILE, the name of a-z, 0-9 and _. Received: {one!r}")
        if name in taken or name in peers:
            raise ValueError(f"`--peer` should have a name of its own, and {name} is taken. Received: {one!r}")
        peers[name] = read_ranks(Path(path), count)
    return peers


def read_seeds(folder: Path, count: int) -> dict[int, Floats]:
    """Ranks by seed, as `write_seeds` left them.

    Raises:
        ValueError: the folder has no file of a seed, or one that `read_ranks` does not accept.
    """
    seeds = {path.stem.removeprefix("seed_"): path for path in folder.glob("seed_*.txt")}
    found = {int(seed): path for seed, path in seeds.items() if seed.isdigit()}
    if not found:
        raise ValueError(f"`--from-ranks` should be a folder with files seed_0.txt, … Received: {str(folder)!r}")
    return {seed: read_ranks(found[seed], count) for seed in sorted(found)}


def write_seeds(folder: Path, ranks: Mapping[int, Floats]) -> None:
    """Save the ranks of each seed in a file `seed_N.txt`; the folder may be new."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, one in ranks.items():
        write_ranks(folder / f"seed_{seed}.txt", one)
