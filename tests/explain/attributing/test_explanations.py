from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal

from data.errors import InputError
from data.feature import write_features
from explain.attributing.examples import explain_examples
from explain.attributing.explanations import read_explanations, sigmoid, write_explanations
from explain.report.data import read_report_data
from explain.whole.results import write_whole
from models.abandonment import predict
from models.encoder import fit_encoder
from tests.explain.results import CONFIG, explained, report_data, whole
from tests.explain.shop import carts, linear

TRAIN, TEST = carts(200), carts(200, seed=1)
MODEL = linear(TRAIN, np.linspace(-0.01, 0.02, fit_encoder(TRAIN, 0).output_shape[1]))


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    _, found = explained()
    write_explanations(found, tmp_path)
    read = read_explanations(tmp_path)
    assert_array_equal(read.rows, found.rows)
    assert_frame_equal(read.keys, found.keys, check_dtype=False)
    assert_array_equal(read.attributions.values, found.attributions.values)
    assert replace(read.attributions, values=found.attributions.values) == found.attributions
    assert read.importance == found.importance


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    contents = []
    for name in ("first", "again"):
        folder = tmp_path / name
        folder.mkdir()
        write_explanations(explain_examples(MODEL, TRAIN, TEST, CONFIG, seed=4), folder)
        contents.append({path.name: path.read_bytes() for path in sorted(folder.iterdir())})
    assert contents[0] == contents[1]
    assert set(contents[0]) == {"attributions.parquet", "explain.json", "permutation.json"}


def test_a_sample_keeps_its_rows_and_their_predictions() -> None:
    found = explain_examples(MODEL, TRAIN, TEST, CONFIG, seed=4)
    assert len(found.rows) == CONFIG.max_rows
    assert (np.diff(found.rows) > 0).all()
    np.testing.assert_allclose(found.attributions.probability, predict(MODEL, TEST)[found.rows], atol=1e-6)


def test_an_empty_side_is_refused() -> None:
    with pytest.raises(InputError, match="Received: 200 and 0"):
        explain_examples(MODEL, TRAIN, TEST.take(np.zeros(0, dtype=np.int64)), CONFIG, seed=0)


def test_sigmoid_is_exact_and_does_not_overflow() -> None:
    np.testing.assert_allclose(sigmoid(np.array([-1000.0, 0.0, 1.0, 1000.0])), [0, 0.5, 1 / (1 + np.exp(-1)), 1])


def test_report_data_finds_the_values_of_the_explained_carts(tmp_path: Path) -> None:
    test, found = explained()
    for stage in ("split", "evaluate", "explain"):
        (tmp_path / stage).mkdir()
    frame = pd.concat([test.keys, test.features.assign(abandoned=test.abandoned)], axis=1)
    frame.to_parquet(tmp_path / "split" / "test.parquet")
    write_features(test.specs, tmp_path / "split" / "features.json")
    for name in ("evaluate/metrics.json", "evaluate/curves.json", "split/split.json"):
        (tmp_path / name).write_text("{}")
    write_explanations(found, tmp_path / "explain")
    write_whole(whole(), tmp_path / "explain")
    read = read_report_data(tmp_path, source="here")
    assert_frame_equal(read.examples.features, report_data().examples.features, check_dtype=False)
    assert read.whole == whole()
    assert (read.source, read.ingest, read.trials) == ("here", None, [])
