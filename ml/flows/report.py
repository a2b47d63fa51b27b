"""report: Evidently's HTML page of a batch against the champion's training rows, as an artifact."""

from __future__ import annotations

from ml.domain.errors import NotFoundError
from ml.domain.schema import ColumnRole
from ml.domain.windows import Window
from ml.flows.schema import required_schema
from ml.flows.validate import validate
from ml.flows.workspace import Workspace
from ml.profiles import conform
from ml.specs import ModelSpec

KIND = "evidently-drift"


def report(workspace: Workspace, spec: ModelSpec, window: Window) -> str:
    """Build the report of ``window`` and return where it lies; built once for the same batch and champion.

    Both sides are bounded samples (``monitoring.drift.sample``), drawn with the training seed.

    Raises:
        NotFoundError: there was no champion when the window ended, so there is nothing to compare with.
    """
    from ml.monitoring.evidently_adapter import html_report

    validation = validate(workspace, spec, window)
    with workspace.registry.read() as reader:
        champion = reader.champion_at(spec.model, window.end)
        schema = required_schema(reader, spec)
    if champion is None:
        raise NotFoundError(f"{spec.model} had no champion at the end of {window}.", remedy="choose a later batch.")
    html = html_report(
        conform(workspace.frame(champion.manifest["reference_sha256"]), schema),
        conform(workspace.frame(validation.kept_sha256), schema),
        numeric=schema.names(ColumnRole.NUMERIC),
        categorical=schema.names(ColumnRole.CATEGORICAL),
        title=f"{spec.model}: {window} against the training rows of version {champion.version}",
        spec=spec.monitoring.drift,
        drift_share=spec.monitoring.drift_share,
        seed=spec.training.seed,
    )
    sha256 = workspace.store.put(html)
    with workspace.registry.write() as writer:
        writer.add_report(spec.model, window, KIND, sha256, window.end)
    return workspace.store.url_of(sha256)
