from __future__ import annotations

from random import Random

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from ml.data.labels import ROW_ID, join_labels, labels_of, row_ids

TARGETS = ("late",)
rows = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["a", "b"]), st.sampled_from([0, 1])), min_size=1, max_size=30
)


def frame_of(items: list[tuple[int, str, int]]) -> pd.DataFrame:
    return pd.DataFrame(items, columns=["x", "city", "late"])


@given(rows)
def test_without_a_key_every_row_finds_its_own_label_again(items: list[tuple[int, str, int]]) -> None:
    """Rows that are equal in everything but the label are told apart by their number."""
    frame = frame_of(items)
    assert row_ids(frame, key=(), targets=TARGETS).is_unique
    labels = labels_of(frame, key=(), targets=TARGETS)
    joined = join_labels(frame.drop(columns=[*TARGETS]), labels, key=(), targets=TARGETS)
    assert joined["late"].tolist() == frame["late"].tolist()


@given(rows, st.randoms(use_true_random=False))
def test_labels_do_not_depend_on_the_order_in_which_they_arrive(
    items: list[tuple[int, str, int]], random: Random
) -> None:
    frame = frame_of(items).assign(order=range(len(items)))
    shuffled = frame.sample(frac=1, random_state=random.randint(0, 1000))
    first, second = (labels_of(one, key=("order",), targets=TARGETS) for one in (frame, shuffled))
    assert first.equals(second)


def test_the_last_label_of_a_row_counts_and_none_is_no_label() -> None:
    known = pd.DataFrame({"id": [1, 2, 1, 3], "late": [0, 1, 1, None]})
    labels = labels_of(known, key=("id",), targets=TARGETS)
    assert dict(zip(labels[ROW_ID], labels["late"], strict=True)) == {"1": 1, "2": 1}
    joined = join_labels(pd.DataFrame({"id": [3, 1, 9]}), labels, key=("id",), targets=TARGETS)
    assert joined["late"].isna().tolist() == [True, False, True]


def test_a_key_of_several_columns_is_not_confused_by_where_one_ends() -> None:
    frame = pd.DataFrame({"a": ["1", "11"], "b": ["12", "2"], "late": [0, 1]})
    assert row_ids(frame, key=("a", "b"), targets=TARGETS).is_unique
