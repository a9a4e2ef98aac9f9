"""The recommender as a function of a frame: kinds and gaps are optional, by column and by row."""

import numpy as np
import pandas as pd

from models.loaders.next_item import NextItemModel
from tests.models.sixty_items import EVENTS, GAPS, SESSIONS, SHOP, untrained


def test_columns_of_kinds_and_gaps_count_where_they_are_filled() -> None:
    recommender = untrained(catalogue=SHOP)
    model = NextItemModel(recommender)
    frame = pd.DataFrame({"session": SESSIONS, "events": [*EVENTS[:3], None], "gaps": [None, *map(np.array, GAPS[1:])]})
    found = recommender.recommend(SESSIONS, events=[*EVENTS[:3], None], gaps=[None, *GAPS[1:]])
    assert model.predict(frame)["items"].tolist() == [[item for item, _ in answer] for answer in found]
    plain = model.predict(frame[["session"]])
    assert plain["items"].tolist() == [[item for item, _ in answer] for answer in recommender.recommend(SESSIONS)]
    assert plain["items"].tolist() != model.predict(frame)["items"].tolist()
