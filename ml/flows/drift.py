"""Drift of a batch against its reference: one measurement for monitoring and for replays, from profiles alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.artifacts.rows import Frames
from ml.domain.records import Observation, Quantity
from ml.domain.schema import ColumnRole, TableSchema
from ml.domain.windows import Window
from ml.flows.profile import pairs_of, watched_features
from ml.flows.reference import Reference, Segment, segment_rows
from ml.monitoring.associations import measure_associations
from ml.monitoring.classifier import TableDrift, tell_apart
from ml.monitoring.drift import ColumnDrift, drift_share, measure_drift
from ml.monitoring.findings import drift_observations, share_observation, table_observation
from ml.monitoring.pairing import paired
from ml.profiles import Layout, Profile, merge_all, profile_frame
from ml.specs import ModelSpec


@dataclass(frozen=True, slots=True)
class Current:
    """What is compared with the reference.

    ``features`` is the batch's profile, ``rows`` its rows, which only segments and the classifier look at. ``learned``
    is a sample of the champion's training rows for the classifier, None without one. ``labelled`` are the frames whose
    labels came with this batch. ``compared`` is the profile to compare the features with, the reference's own by
    default; None if there is none.
    """

    features: Profile
    rows: Frames
    predictions: pd.DataFrame | None
    labelled: Sequence[pd.DataFrame]
    compared: Profile | None
    learned: pd.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class Drift:
    """The drift of each column, of the segments' columns, of pairs of columns, and of the table as a whole.

    ``share`` is that of the drifted features by how much the champion uses each, None if none could be tested.
    """

    features: tuple[ColumnDrift, ...] = ()
    predictions: tuple[ColumnDrift, ...] = ()
    target: tuple[ColumnDrift, ...] = ()
    associations: tuple[ColumnDrift, ...] = ()
    table: TableDrift | None = None
    share: float | None = None
    weights: Mapping[str, float] = field(default_factory=dict)


def drift_of(spec: ModelSpec, schema: TableSchema, reference: Reference, current: Current) -> Drift:
    """Measure the drift of features, of predictions and of the target, as far as there is something to compare.

    The level of the whole check, ``monitoring.drift.alpha``, is divided evenly among its parts.
    """
    asked = spec.monitoring.drift
    pairs = pairs_of(spec, schema)
    level = asked.alpha / (3 + asked.multivariate + bool(pairs))
    names = watched_features(spec, schema)
    sides = list(paired(current.compared, current.features, names)) if current.compared is not None else []
    alone = current.features.layout.with_pairs(())
    present = _segments(current.rows, schema, list(reference.segments), alone)
    for segment, past in reference.segments.items():
        sides += paired(past, present[segment], names, segment=_said(segment))
    features = measure_drift(sides, spec=asked, level=level)
    return Drift(
        features=features,
        predictions=_of_outputs(spec, reference.predictions, current.predictions, level),
        target=_of_outputs(spec, reference.target, _together(current.labelled), level),
        table=None if current.learned is None else _of_table(spec, schema, current.learned, current.rows, level),
        associations=()
        if current.compared is None
        else measure_associations(current.compared, current.features, pairs, spec=asked, level=level),
        share=drift_share(features, reference.importance),
        weights=reference.importance or {},
    )


def observations_of(drift: Drift, *, window: Window, version: int | None) -> list[Observation]:
    """Write the drift of a batch as observations; ``version`` is whose predictions they are."""
    of_table = [one for one in drift.features if not one.segment]
    of_segments = [one for one in drift.features if one.segment]
    found = [
        one
        for drifts, quantity, who in (
            (of_table, Quantity.COLUMN_DRIFT, None),
            (of_segments, Quantity.SEGMENT_DRIFT, None),
            (drift.associations, Quantity.ASSOCIATION_DRIFT, None),
            (drift.predictions, Quantity.PREDICTION_DRIFT, version),
            (drift.target, Quantity.TARGET_DRIFT, None),
        )
        for one in drift_observations(drifts, quantity=quantity, window=window, version=who, weights=drift.weights)
    ]
    found.append(share_observation(of_table, share=drift.share, window=window, weighted=bool(drift.weights)))
    if drift.table is not None:
        found.append(table_observation(drift.table, window=window))
    return found


def _segments(rows: Frames, schema: TableSchema, segments: Sequence[Segment], layout: Layout) -> dict[Segment, Profile]:
    """Profile the rows of each segment, in one pass over the batch."""
    parts: dict[Segment, list[Profile]] = {segment: [] for segment in segments}
    for frame in rows.read(None) if segments else ():
        for segment, known in parts.items():
            known.append(profile_frame(segment_rows(frame, schema, segment), layout))
    return {segment: merge_all(known) for segment, known in parts.items()}


def _said(segment: Segment) -> str:
    return f"{segment[0]}={segment[1]}"


def _of_outputs(
    spec: ModelSpec, reference: Profile, frame: pd.DataFrame | None, level: float
) -> tuple[ColumnDrift, ...]:
    """Compare targets or predictions with profiles of the same; a row without a label is no missing value."""
    if frame is None:
        return ()
    names = list(reference.columns)
    known = np.logical_and.reduce([pd.notna(frame[name].array) for name in names])
    profile = profile_frame(frame if known.all() else frame[known], reference.layout)
    return measure_drift(paired(reference, profile, names), spec=spec.monitoring.drift, level=level)


def _together(frames: Sequence[pd.DataFrame]) -> pd.DataFrame | None:
    """Return frames as one; pandas would copy a single one."""
    if len(frames) == 1:
        return frames[0]
    return pd.concat(frames) if frames else None


def _of_table(spec: ModelSpec, schema: TableSchema, learned: pd.DataFrame, rows: Frames, level: float) -> TableDrift:
    asked = spec.monitoring.drift
    return tell_apart(
        learned,
        _sampled(rows, asked.sample, seed=spec.training.seed),
        numeric=schema.names(ColumnRole.NUMERIC),
        categorical=schema.names(ColumnRole.CATEGORICAL),
        threshold=asked.auc,
        level=level,
        seed=spec.training.seed,
    )


def _sampled(rows: Frames, size: int, *, seed: int) -> pd.DataFrame:
    """Return at most so many rows, drawn at random."""
    if rows.whole is not None:
        return rows.whole if rows.rows <= size else rows.whole.sample(size, random_state=seed)
    drawn = np.arange(rows.rows) if rows.rows <= size else _drawn(rows.rows, size, seed)
    order = np.argsort(drawn)
    return rows.take(drawn[order]).iloc[np.argsort(order)]


def _drawn(rows: int, size: int, seed: int) -> npt.NDArray[np.int64]:
    """Draw the places that pandas draws from a frame in memory."""
    return np.random.RandomState(seed).choice(rows, size, replace=False)
