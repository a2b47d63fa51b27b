"""Frames as deterministic Parquet: the same rows give the same bytes, so the digest speaks of every cell."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ml.artifacts.arrow import frame_of, table_of
from ml.artifacts.rows import put_rows, rows_of, rows_sha256
from ml.artifacts.store import ArtifactStore
from ml.domain.errors import ArtifactError

__all__ = ["frame_of", "frame_sha256", "get_frame", "put_frame", "table_of"]


def put_frame(store: ArtifactStore, frame: pd.DataFrame) -> str:
    """Store a frame and return the SHA-256 over all its rows; the index is not kept.

    Raises:
        DataError: a column mixes types that no table can hold.
    """
    return put_rows(store, rows_of(frame))


def frame_sha256(frame: pd.DataFrame) -> str:
    """Return the digest under which a frame would be stored."""
    return rows_sha256(rows_of(frame))


def get_frame(store: ArtifactStore, sha256: str) -> pd.DataFrame:
    """Return a stored frame with a fresh index.

    Raises:
        ArtifactError: the bytes are missing, altered, or no frame.
    """
    try:
        table = pq.read_table(pa.BufferReader(store.get(sha256)))
    except pa.ArrowException as error:
        raise ArtifactError(
            f"{store.url_of(sha256)} is no Parquet file: {error}.",
            remedy="the digest belongs to something else than a frame.",
        ) from error
    return frame_of(table)
