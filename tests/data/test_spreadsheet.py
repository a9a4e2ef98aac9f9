from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.spreadsheet import FORMULA, harmless


@given(st.text())
def test_no_text_begins_a_formula_and_none_is_lost(text: str) -> None:
    safe = harmless(text)
    assert isinstance(safe, str)
    assert not safe.startswith(FORMULA)
    assert safe in (text, f"'{text}")


@pytest.mark.parametrize("value", [-1.5, None, True])
def test_what_is_no_text_stays(value: Any) -> None:
    assert harmless(value) is value
