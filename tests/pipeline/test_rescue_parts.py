"""A rescue list in parts."""

from pathlib import Path

import pandas as pd
import pytest

from data.config import DemoConfig
from data.demo import write_demo
from data.errors import InputError
from pipeline.rescue import rescue_list
from pipeline.rescue_parts import Parts, write_parts
from pipeline.runner import read_config

SIZE = 20


class Killed(Exception):
    pass


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a fresh log in two files."""
    made, folder = tmp_path_factory.mktemp("made"), tmp_path_factory.mktemp("fresh")
    write_demo(DemoConfig(sessions=400, seed=99), made)
    events = pd.read_parquet(made / "events.parquet")
    events.iloc[:1_000].to_parquet(folder / "a.parquet", index=False)
    events.iloc[1_000:].to_parquet(folder / "b.parquet", index=False)
    return folder


def test_a_stopped_list_is_taken_up_and_holds_what_one_list_holds(trained: Path, log: Path, tmp_path: Path) -> None:
    config, told = read_config(trained), []

    def write(stop: bool, items: bool = True) -> Parts:
        def tell(text: str) -> None:
            told.append(text)
            if stop and text.startswith("40 of"):
                raise Killed

        return write_parts(config, trained, log, tmp_path / "parts", False, items, tell, SIZE)

    with pytest.raises(Killed):
        write(stop=True)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "parts").glob("part-*")}
    assert len(kept) == 2
    whole = write(stop=False)
    files = sorted((tmp_path / "parts").iterdir())
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert [file.name for file in files[:2]] + [files[-1].name] == [
        "part-00000.parquet",
        "part-00001.parquet",
        "score.json",
    ]
    parts = pd.concat([pd.read_parquet(file) for file in files[:-1]])
    one = rescue_list(config, trained, log, tmp_path, reasons=False).carts
    order = ["expected_nudge_value", "session_id"]
    pd.testing.assert_frame_equal(
        parts.sort_values(order, ascending=[False, True], ignore_index=True), one, check_dtype=False
    )
    plain = rescue_list(config, trained, log, tmp_path, reasons=False, items=False).carts
    pd.testing.assert_frame_equal(plain, one[[name for name in one if not str(name).startswith("item_")]])
    assert (whole.total.carts, whole.total.nudges) == (len(one), one["nudge"].sum())
    assert told[-1] == f"{len(one):,} of {len(one):,} carts"
    said = len(told)
    assert (write(stop=False), len(told)) == (whole, said + 1)  # nothing is done again
    with pytest.raises(InputError, match="another log, other models or other settings"):
        write(stop=False, items=False)


def test_a_folder_of_something_else_is_left_alone(trained: Path, log: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="`--output` should be an empty folder"):
        write_parts(read_config(trained), trained, log, tmp_path, False, False, lambda _: None)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_one_killed_while_it_took_the_folder_is_begun_again_but_strange_files_are_left_alone(
    trained: Path, log: Path, tmp_path: Path
) -> None:
    def write() -> Parts:
        return write_parts(read_config(trained), trained, log, tmp_path, False, False, lambda _: None, SIZE)

    (tmp_path / ".score.json.partial").write_text('{"of": {')
    (tmp_path / "mine").write_text("")
    with pytest.raises(InputError, match="`--output` should be an empty folder"):
        write()
    (tmp_path / "mine").unlink()
    write()
    assert {path.name.split("-")[0] for path in tmp_path.iterdir()} == {"part", "score.json"}
