"""report: Evidently's HTML page of a batch against the champion's training rows, as an artifact."""

from __future__ import annotations

from ml.domain.codes import CODES
from ml.domain.errors import ArtifactError, DataError, NotFoundError
from ml.domain.findings import Finding, Outcome, Severity
from ml.domain.windows import Window
from ml.flows.page import page_of
from ml.flows.schema import required_schema
from ml.flows.validate import validate
from ml.flows.workspace import Workspace
from ml.monitoring.sample import places_of
from ml.profiles import conform
from ml.specs import ModelSpec

KIND = "evidently-drift"


def report(workspace: Workspace, spec: ModelSpec, window: Window) -> str:
    """Build the report of ``window`` and return where it lies; built once for the same batch and champion.

    The champion is the one that served the batch. Both sides are bounded samples (``monitoring.drift.sample``), spread
    evenly over time, segments (``monitoring.drift.by``) and, of the training rows, classes.

    Raises:
        NotFoundError: there was no champion when the window began, so there is nothing to compare with.
        DataError: no column can be tested, or the page needs more memory or time than the spec allows.
    """
    validation = validate(workspace, spec, window)
    with workspace.registry.read() as reader:
        champion = reader.champion_at(spec.model, window.start)
        schema = required_schema(reader, spec)
    if champion is None:
        raise NotFoundError(f"{spec.model} had no champion at the start of {window}.", remedy="choose a later batch.")
    asked = spec.monitoring.drift
    with workspace.frames(validation.kept_sha256, cells=validation.rows_kept * len(schema.columns)) as batch:
        strata = [name for name in asked.by if name in batch.dtypes]
        sample = batch.take(
            places_of(batch.some(strata or [spec.time.column]), strata, asked.sample, seed=spec.training.seed)
        )
    page = page_of(
        spec,
        schema,
        conform(workspace.frame(champion.manifest["reference_sha256"]), schema),
        conform(sample, schema),
        title=f"{spec.model}: {window} against the training rows of version {champion.version}",
    )
    sha256 = workspace.store.put(page)
    with workspace.registry.write() as writer:
        writer.add_report(spec.model, window, KIND, sha256, window.end)
    return workspace.store.url_of(sha256)


def try_report(workspace: Workspace, spec: ModelSpec, window: Window) -> str | None:
    """Build the report as a by-product: one that cannot be built is a finding and None, never a failure of the loop."""
    try:
        return report(workspace, spec, window)
    except (ArtifactError, DataError, NotFoundError) as error:
        finding = Finding(
            code="DR006",
            severity=Severity.INFO,
            subject="report",
            seen=error.message,
            expected="a batch that can be compared with the champion's training rows",
            remedy=CODES["DR006"].remedy,
            outcome=Outcome.CANNOT_TELL,
        )
        with workspace.registry.write() as writer:
            writer.add_findings(spec.model, window, window.end, "report", (finding,))
        return None
