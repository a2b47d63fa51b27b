"""Labels apart from their rows: split off at the door, and joined again when they have arrived.

Pure functions on frames. A row is recognised by its key columns where the spec names some, else by the content of
all its columns but the target (and by its number among identical rows).
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

ROW_ID = "_row_id"
_SEPARATOR = "\x1f"


def row_ids(frame: pd.DataFrame, *, key: Sequence[str], targets: Sequence[str]) -> pd.Series:
    """Return one text a row that names the row: equal in every reading of the same data.

    Without ``key`` the id is a 64-bit hash of the row's content and a counter over identical rows.
    """
    if key:
        parts = [frame[column].astype(str) for column in key]
        ids = parts[0]
        for part in parts[1:]:
            ids = ids + _SEPARATOR + part
        return ids.astype(object)
    content = frame.drop(columns=[*targets], errors="ignore")
    hashes = pd.Series(pd.util.hash_pandas_object(content, index=False).to_numpy(), index=frame.index)
    return (hashes.astype(str) + ":" + hashes.groupby(hashes).cumcount().astype(str)).astype(object)


def labels_of(frame: pd.DataFrame, *, key: Sequence[str], targets: Sequence[str]) -> pd.DataFrame:
    """Return row ids and targets of the rows that carry a label; of several labels for a row, the last.

    Shape: (labelled rows, 1 + number of targets), sorted by row id, so that equal labels are equal frames.
    """
    labels = frame.loc[:, [*targets]].copy()
    labels.insert(0, ROW_ID, row_ids(frame, key=key, targets=targets))
    labels = labels.dropna(subset=[*targets]).drop_duplicates(subset=ROW_ID, keep="last")
    return labels.sort_values(ROW_ID, kind="stable").reset_index(drop=True)


def join_labels(
    rows: pd.DataFrame, labels: pd.DataFrame, *, key: Sequence[str], targets: Sequence[str]
) -> pd.DataFrame:
    """Return all rows, in their order, with the target columns; rows whose label is not there have none."""
    ids = row_ids(rows, key=key, targets=targets)
    joined = rows.drop(columns=[*targets], errors="ignore")
    return joined.assign(**{target: ids.map(labels.set_index(ROW_ID)[target]) for target in targets})
