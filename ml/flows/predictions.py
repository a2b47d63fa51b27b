"""The predictions of all versions that scored a batch together, as one frame: a file a batch, not one a version."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ml.artifacts.frames import put_frame
from ml.domain.records import Scoring
from ml.flows.workspace import Workspace


def put_predictions(workspace: Workspace, predictions: Mapping[int, pd.DataFrame]) -> str:
    """Store what each version predicted for the same rows, in columns ``<version>.<column>``; return the SHA-256."""
    columns = {
        f"{_prefix(version)}{name}": values.to_numpy()
        for version, frame in predictions.items()
        for name, values in frame.items()
    }
    together = pd.DataFrame(columns, copy=False)
    sha256 = put_frame(workspace.store, together)
    workspace.remember(sha256, together)
    return sha256


def predictions_of(workspace: Workspace, scoring: Scoring) -> pd.DataFrame:
    """Return what one version predicted, row by row."""
    together, prefix = workspace.frame(scoring.sha256), _prefix(scoring.version)
    mine = [str(name) for name in together.columns if str(name).startswith(prefix)]
    columns = {name.removeprefix(prefix): together[name].array for name in mine}
    return pd.DataFrame(columns, copy=False)


def _prefix(version: int) -> str:
    return f"{version}."
