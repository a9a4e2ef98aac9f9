"""Item ids from a text file."""

from pathlib import Path

import pytest

from data.errors import InputError
from data.item_list import read_item_list


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("b\na\n", ["b", "a"]),
        ("\ufeffa\r\n\r\n  b c \n\n a\nb c", ["a", "b c"]),  # as a spreadsheet on Windows writes it
        ("# 1\n007", ["# 1", "007"]),
        ("", []),
        ("\n \n", []),
    ],
)
def test_every_line_is_an_item_once(tmp_path: Path, text: str, items: list[str]) -> None:
    (tmp_path / "stock.txt").write_bytes(text.encode())
    assert read_item_list(tmp_path / "stock.txt", "setting") == items


def test_what_cannot_be_read_is_refused_by_the_name_of_the_setting(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "absent", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(InputError, match=rf"`--exclude-file` should be a text file .* Received: {path} \({why}"):
            read_item_list(path, "--exclude-file")
    (tmp_path / "stock.parquet").write_bytes(b"PAR1\xff\x00")
    with pytest.raises(InputError, match=r"in UTF-8\. Received: .*stock\.parquet, whose byte 4 is none"):
        read_item_list(tmp_path / "stock.parquet", "--exclude-file")
