"""Build Evidently's page in a process of its own, so that neither its memory nor its time is ours."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

from ml.domain.errors import DataError
from ml.domain.schema import ColumnRole, TableSchema
from ml.monitoring.evidently_adapter import ASKED, CURRENT, PAGE, REFERENCE
from ml.specs import ModelSpec

_TOLD = 300  # characters of what the process said last


def page_of(
    spec: ModelSpec, schema: TableSchema, reference: pd.DataFrame, current: pd.DataFrame, *, title: str
) -> bytes:
    """Return the HTML page of two samples.

    Raises:
        DataError: no column can be tested, the page needs more memory or time than the spec allows, or Evidently fails.
    """
    asked = {
        "numeric": list(schema.names(ColumnRole.NUMERIC)),
        "categorical": list(schema.names(ColumnRole.CATEGORICAL)),
        "title": title,
        "spec": spec.monitoring.drift.model_dump(mode="json"),
        "drift_share": spec.monitoring.drift_share,
        "memory_bytes": int(spec.monitoring.report_memory_gb * 1e9),
    }
    with tempfile.TemporaryDirectory(prefix="evergreen-page-") as name:
        folder = Path(name)
        reference.to_parquet(folder / REFERENCE)
        current.to_parquet(folder / CURRENT)
        (folder / ASKED).write_text(json.dumps(asked))
        said = _run(folder, spec.monitoring.report_time.total_seconds())
        page = folder / PAGE
        if not page.exists():
            limit = f"within {spec.monitoring.report_memory_gb:g} GB of memory"
            raise DataError(
                f"Evidently's page could not be built {limit}: {said}",
                remedy="raise monitoring.report_memory_gb, lower monitoring.drift.sample, or watch fewer columns.",
            )
        return page.read_bytes()


def _run(folder: Path, seconds: float) -> str:
    """Run the process and return the last that it said."""
    command = [sys.executable, "-m", "ml.monitoring.evidently_adapter", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=seconds, check=False)  # noqa: S603 - our own module
    except subprocess.TimeoutExpired as error:
        raise DataError(
            f"Evidently's page was not done after {seconds:g} seconds.",
            remedy="raise monitoring.report_time, lower monitoring.drift.sample, or watch fewer columns.",
        ) from error
    last = done.stderr.decode(errors="replace").strip().rsplit("\n", 1)[-1]
    return last[-_TOLD:] or f"the process ended with code {done.returncode}."
