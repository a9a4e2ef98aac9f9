"""A user's mistake is one readable message and exit code 2, and leaves nothing half-written."""

import gzip
from pathlib import Path

import pytest

from tests.e2e.conftest import pipeline

HEADER = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"


def row(minute: int, event: str, user: str = "u", item: str = "1", price: str = "9.5") -> str:
    return f"2019-10-01 00:{minute:02d}:00 UTC,{event},{item},77,,,{price},{user},{user}-session\n"


VIEWS = "".join(row(minute, "view", f"u{minute}") for minute in range(50))
FILES: dict[str, tuple[str | bytes, list[str]]] = {
    "empty": (b"", ["is empty"]),
    "header only": (HEADER.encode(), ["no rows"]),
    "wrong delimiter": ((HEADER + VIEWS).replace(",", ";").encode(), ["delimiter", ";"]),
    "binary junk": (bytes(range(256)) * 40, []),
    "missing columns": ("user_id,product_id\n1,2\n", ["event_time"]),
    "all rows bad": (HEADER + "".join(row(minute, "wishlist") for minute in range(9)), ["9 of 9", "wishlist"]),
    "no cart at all": (HEADER + VIEWS, ["no cart"]),
    "one session only": (HEADER + row(1, "view") + row(2, "cart") + row(3, "view"), ["session"]),
    "all abandoned": (
        HEADER + "".join(row(m, "view", f"u{m}") + row(m, "cart", f"u{m}") for m in range(50)) + row(59, "view", "z"),
        ["abandoned"],
    ),
    "a column of nulls": (HEADER + "".join(row(minute, "view", item="") for minute in range(9)), ["item"]),
}


@pytest.mark.parametrize("case", FILES)
def test_an_unusable_log_is_one_clear_message(case: str, tmp_path: Path) -> None:
    content, parts = FILES[case]
    file = tmp_path / "log.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    process = pipeline(
        "run", "--preset", "rees46", "--input", file, "--workdir", tmp_path / "work", home=tmp_path, check=False
    )
    assert process.returncode == 2, process.stderr
    assert "Traceback" not in process.stderr
    assert all(part in process.stderr for part in parts), process.stderr
    assert not (tmp_path / "work" / "train").exists()
    assert not (tmp_path / "work" / "summary.json").exists()


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--preset", "rees46", "--input", "nowhere.csv"], ["nowhere.csv"]),
        (["--preset", "rees46"], ["--input"]),
        (["--preset", "ress46"], ["Did you mean `rees46`?"]),
        (["--set", "spilt.train=0.5"], ["Did you mean `split`?"]),
        (["--set", "split.train=2"], ["split.train", "Received: 2"]),
        (["--config", "nowhere.toml"], ["nowhere.toml"]),
        (["--from", "nowhere"], ["--from", "ingest"]),
        (["--from", "train"], ["has no result"]),
    ],
)
def test_a_wrong_argument_is_one_clear_message(arguments: list[str], parts: list[str], tmp_path: Path) -> None:
    process = pipeline("run", *arguments, "--workdir", tmp_path / "work", home=tmp_path, check=False)
    assert process.returncode == 2
    assert "Traceback" not in process.stderr
    assert all(part in process.stderr for part in parts), process.stderr


def test_a_work_folder_that_cannot_be_written_is_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("a file")
    process = pipeline("run", "--workdir", tmp_path / "work", home=tmp_path, check=False)
    assert process.returncode == 2
    assert "`--workdir` should be a folder that can be written" in process.stderr


@pytest.mark.parametrize("command", [["score", "log.csv", "-o", "out.csv"], ["explain", "--session", "x"]])
def test_commands_that_need_a_run_ask_for_one(command: list[str], tmp_path: Path) -> None:
    process = pipeline(*command, "--workdir", tmp_path / "work", home=tmp_path, check=False)
    assert process.returncode == 2
    assert "Run first: python -m pipeline run" in process.stderr


def test_a_broken_gzip_file_is_one_clear_message(tmp_path: Path) -> None:
    whole = gzip.compress((HEADER + VIEWS).encode())
    (tmp_path / "log.csv.gz").write_bytes(whole[: len(whole) // 2])
    process = pipeline(
        "run",
        "--preset",
        "rees46",
        "--input",
        tmp_path / "log.csv.gz",
        "--workdir",
        tmp_path / "work",
        home=tmp_path,
        check=False,
    )
    assert process.returncode == 2
    assert "log.csv.gz" in process.stderr
    assert not (tmp_path / "work" / "ingest").exists()


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["tune", "--method", "annealing"], ["tune.method", "'random'", "annealing"]),
        (["tune", "--trials", "0"], ["`tune.trials` should be at least 1", "Received: 0"]),
        (["tune", "--minutes", "0"], ["tune.minutes", "greater than 0"]),
        (["tune", "--set", "tune.optimizers=['adan']"], ["`tune.optimizers` should be among", "adadelta", "adan"]),
        (["tune", "--set", "tune.space.dropout=[0.5, 0.1]"], ["tune.space.dropout", "from low to high", "[0.5, 0.1]"]),
        (["tune", "--set", "tune.space.dropuot=[0.1, 0.5]"], ["Did you mean `dropout`?"]),
        (["tune", "--set", "abandonment.early_stopping.monitor=val_accuracy"], ["monitor", "val_loss or val_auc"]),
        (["tune", "--set", "abandonment.early_stopping.monitor=f1"], ["monitor", "'val_auc'", "f1"]),
        (["compare", "--trials", "0"], ["compare.trials", "greater than 0"]),
        (["compare", "--what", "colour"], ["`--what` should be one of optimizer, regularization"]),
        (["compare", "--only", "adan", "--only", "adam"], ["`compare.only` should be among", "adan"]),
        (["compare", "--model", "oracle"], ["`--model` should be one of abandonment, recommender"]),
        (["tune", "--preset", "mnist"], ["--input"]),
    ],
)
def test_a_search_that_cannot_be_made_is_refused_before_any_training(
    words: list[str], parts: list[str], tmp_path: Path
) -> None:
    small = ["--set", "demo.sessions=400"] if "mnist" not in words else []
    process = pipeline(*words, *small, "--workdir", tmp_path / "work", home=tmp_path, check=False)
    assert process.returncode == 2, process.stderr
    assert "Traceback" not in process.stderr
    assert all(part in process.stderr for part in parts), process.stderr
    assert not (tmp_path / "mlflow.db").exists()


def test_a_segment_of_costs_that_names_no_feature_is_refused_before_any_training(tmp_path: Path) -> None:
    wrong = 'costs.segments=[{where = "cart_worth > 50", shift = 0.1}]'
    process = pipeline(
        *("run", "--set", "demo.sessions=1500", "--set", wrong, "--workdir", tmp_path / "work"),
        home=tmp_path,
        check=False,
    )
    assert process.returncode == 2, process.stderr
    assert "`costs.segments` `where`" in process.stderr
    assert "cart_worth" in process.stderr
    assert not (tmp_path / "work" / "tune" / "trials.json").exists()
