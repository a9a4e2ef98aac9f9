from typing import Any

import pytest

from explain.card.gaps import FEW, gaps, groups_table, slices_table

WHOLE = {"test_intervals": {"auc": [0.7, 0.8]}, "calibration_gap": [0.0, -0.02, 0.02]}


def part(**changes: Any) -> dict[str, Any]:
    alike = {
        "title": "Device", "slice": "phone", "n": FEW, "abandoned_share": 0.7, "auc": 0.75,
        "auc_interval": [0.65, 0.85], "calibration_gap": [0.01, -0.05, 0.07],
    }  # fmt: skip
    return alike | changes


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"auc_interval": [0.5, 0.69]}, "ranks these carts worse"),
        ({"auc_interval": [0.81, 0.9]}, "ranks these carts better"),
        ({"calibration_gap": [0.05, 0.03, 0.07]}, "too high"),
        ({"calibration_gap": [-0.05, -0.07, -0.03]}, "too low"),
    ],
)
def test_a_part_whose_interval_lies_wholly_outside_is_flagged(changes: dict[str, Any], words: str) -> None:
    found = gaps(WHOLE | {"slices": [part(), part(**changes)]})
    assert len(found) == 1
    assert words in found[0].sentence


@pytest.mark.parametrize(
    "changes",
    [
        {"auc_interval": [0.5, 0.7]},
        {"auc_interval": None, "auc": None},
        {"auc_interval": [0.5, 0.6], "n": FEW - 1},
    ],
)
def test_a_part_that_touches_or_cannot_be_judged_is_not_flagged(changes: dict[str, Any]) -> None:
    assert gaps(WHOLE | {"slices": [part(**changes)]}) == []


def test_tables_name_every_part_and_every_group() -> None:
    worse = part(slice="tablet", auc=0.6, auc_interval=[0.5, 0.65])
    found = WHOLE | {"slices": [part(), worse, part(slice="tv", n=3), part(title="Hour", slice="night", auc=None)]}
    assert [row[5] for row in slices_table(found).rows] == ["", "ranked worse", "too few to judge", ""]
    device, hour = groups_table(found).rows
    assert (device[0], device[1], device[4], device[5]) == ("Device", "3", "0.150", "1")
    assert hour[2:] == ("–", "–", "–", "none")
