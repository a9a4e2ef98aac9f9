import itertools
import re

import pytest

from explain.page import TEMPLATES

STYLE = (TEMPLATES / "style.css").read_text()
ROOTS = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
LIGHT, DARK = (dict(re.findall(r"--([\w-]+): (#\w+);", root)) for root in ROOTS[:2])


def luminance(colour: str) -> float:
    digits = colour.lstrip("#") if len(colour) == 7 else "".join(2 * digit for digit in colour.lstrip("#"))
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2.2."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_graphics_keep_the_contrast_of_wcag_aa(colours: dict[str, str]) -> None:
    for text, ground in itertools.product(("ink", "muted", "model"), ("surface", "panel")):
        assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    assert contrast(colours["serious"], colours["serious-panel"]) >= 4.5
    assert contrast(colours["ink"], colours["serious-panel"]) >= 4.5
    for mark in ("model", "other", "third", "fourth", "low", "middle", "high"):
        assert contrast(colours[mark], colours["surface"]) >= 3.0, mark


def test_every_colour_has_a_dark_form() -> None:
    assert set(LIGHT) == set(DARK)
