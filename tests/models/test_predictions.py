"""The table of predictions: what is refused, and that it comes back from its file as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.measures.predictions import (
    PredictionsWrong,
    checked,
    class_counts,
    probabilities,
    read_predictions,
    said_class,
    together,
    write_predictions,
)
from tests.models.made_up import predictions


def test_predictions_come_back_from_their_file_as_they_were(tmp_path: Path) -> None:
    table = checked(predictions(seeds=(1, 2)))
    write_predictions(table, tmp_path / "deep" / "clean.parquet")
    pd.testing.assert_frame_equal(read_predictions(tmp_path / "deep" / "clean.parquet"), table, check_categorical=False)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["clean.parquet"]


def test_labels_may_differ_in_their_number_of_classes() -> None:
    table = together([predictions(labels={"activation": 3}), predictions(labels={"emotion": 5})])
    assert dict(class_counts(table)) == {"activation": 3, "emotion": 5}
    only = table[table["label"] == "activation"]
    assert probabilities(only).shape == (len(only), 3)
    assert said_class(only).max() == 2


@pytest.mark.parametrize("name", ["label", "seed", "fold", "condition", "clip_id", "speaker", "truth"])
def test_a_missing_column_is_named(name: str) -> None:
    with pytest.raises(PredictionsWrong, match=f"lacks {name};"):
        checked(predictions().drop(columns=name))


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("p0", np.nan, "hold no probabilities, such as \\(nan"),
        ("p0", 1.5, "hold no probabilities"),
        ("p1", -0.5, "hold no probabilities"),
        ("p2", np.inf, "hold no probabilities"),
        ("p0", "often", "is no number"),
        ("truth", 3, "the true class 3 but only 3 probabilities"),
        ("truth", -1, "a truth such as -1"),
        ("truth", 0.5, "a truth such as 0.5"),
        ("fold", np.nan, "a fold such as nan"),
        ("fold", "first", "a fold such as 'first'"),
        ("speaker", None, "1 rows have no speaker"),
        ("clip_id", "clip-00001", "1 rows speak again of a clip, the first of 'clip-00001'"),
    ],
)
def test_what_is_no_prediction_is_refused_with_a_sentence(column: str, value: object, said: str) -> None:
    table = predictions().astype({column: object})
    table.loc[0, column] = value
    with pytest.raises(PredictionsWrong, match=said):
        checked(table)


def test_probabilities_are_numbered_from_0() -> None:
    with pytest.raises(PredictionsWrong, match="are p0, p2; expected p0, p1"):
        checked(predictions().drop(columns="p1"))
    with pytest.raises(PredictionsWrong, match="are none"):
        checked(predictions().drop(columns=["p0", "p1", "p2"]))


def test_no_file_and_no_parquet_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(PredictionsWrong, match="no such file"):
        read_predictions(tmp_path / "clean.parquet")
    (tmp_path / "clean.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(PredictionsWrong, match="no Parquet file"):
        read_predictions(tmp_path / "clean.parquet")


def test_two_tables_of_the_same_clips_are_not_put_together() -> None:
    with pytest.raises(PredictionsWrong, match="speak again"):
        together([predictions(), predictions()])
    with pytest.raises(PredictionsWrong, match="there are none"):
        together([])
