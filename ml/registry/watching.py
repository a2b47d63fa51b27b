"""Records of what was predicted, measured and noticed on a batch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, select

from ml.domain.errors import RegistryError
from ml.domain.findings import Finding
from ml.domain.records import Observation, Scoring, ScoringRole
from ml.domain.windows import Window
from ml.registry.columns import dumps, storable
from ml.registry.convert import AnyRow, finding_of, observation_of, scoring_of, window_of, window_values
from ml.registry.memory import END_OF_TIME, Entry
from ml.registry.records import RecordedFinding, Report
from ml.registry.session import MODEL, Reading, Writing
from ml.registry.tables import FindingRow, FindingSetRow, ObservationRow, ReportRow, ScoringRow

_IDENTITY = ("window_start", "window_end", "as_of", "quantity", "subject", "version")
_OBSERVATION = (
    ObservationRow.window_start,
    ObservationRow.window_end,
    ObservationRow.as_of,
    ObservationRow.quantity,
    ObservationRow.subject,
    ObservationRow.version,
    ObservationRow.revision,
    ObservationRow.value,
    ObservationRow.rows,
    ObservationRow.detail,
    ObservationRow.id,
)
_OBSERVATIONS = select(*_OBSERVATION).where(ObservationRow.model == MODEL, ObservationRow.id > bindparam("number"))
_OBSERVED = (
    select(*_OBSERVATION)
    .where(ObservationRow.model == MODEL, ObservationRow.as_of.in_(bindparam("moments", expanding=True)))
    .order_by(ObservationRow.revision)
)
_LAST_FINDING = (
    select(FindingSetRow.as_of)
    .where(
        FindingSetRow.model == MODEL,
        FindingSetRow.window_start >= bindparam("since"),
        FindingSetRow.step == bindparam("step"),
    )
    .order_by(FindingSetRow.as_of.desc())
    .limit(1)
)
_SCORINGS = select(ScoringRow.__table__).where(ScoringRow.model == MODEL, ScoringRow.id > bindparam("number"))
_SCORINGS_OF = (
    select(ScoringRow.__table__).where(ScoringRow.snapshot_id == bindparam("snapshot_id")).order_by(ScoringRow.id)
)


class WatchReader(Reading):
    """Questions about predictions, observations, findings and reports."""

    def findings(self, model: str, window: Window | None = None) -> tuple[Finding, ...]:
        """What holds of all findings on a batch (on all batches without ``window``), in the order of time."""
        return tuple(one.finding for one in self.recorded_findings(model, window=window))

    def recorded_findings(self, model: str, *, window: Window | None = None) -> tuple[RecordedFinding, ...]:
        """The same with their places. Of one step on one batch the newest record holds."""
        chosen = [FindingSetRow.model == model]
        if window is not None:
            chosen += [FindingSetRow.window_start == window.start, FindingSetRow.window_end == window.end]
        sets = select(FindingSetRow.__table__).where(*chosen).order_by(FindingSetRow.id)
        rows = select(FindingRow.__table__).join(FindingSetRow, FindingSetRow.id == FindingRow.set_id).where(*chosen)
        with self._one_state():
            newest = {(s.window_start, s.window_end, s.as_of, s.step, s.key): s for s in self._all(sets)}
            found: dict[int, list[Finding]] = {}
            for row in self._mappings(rows.order_by(FindingRow.id)):
                found.setdefault(row["set_id"], []).append(finding_of(row))
        holding = sorted(newest.values(), key=lambda s: (s.window_start, s.as_of, s.id))
        return tuple(
            RecordedFinding(window_of(s.window_start, s.window_end), s.as_of, s.step, finding)
            for s in holding
            for finding in found.get(s.id, ())
        )

    def last_finding(self, model: str, step: str, *, since: datetime) -> datetime | None:
        """When a step last recorded findings on a batch that begins at a moment or later, in the data's time."""
        row = self._first(_LAST_FINDING, model=model, step=step, since=since)
        return None if row is None else row.as_of

    def scorings_of(self, snapshot_id: int) -> tuple[Scoring, ...]:
        """All predictions for the rows of one snapshot."""
        return tuple(scoring_of(row) for row in self._all(_SCORINGS_OF, snapshot_id=snapshot_id))

    def scoring(self, model: str, window: Window, version: int) -> Scoring | None:
        """The newest predictions of one version for one batch."""
        found = self.scorings(model, window=window, version=version)
        return found[-1] if found else None

    def scorings(
        self, model: str, *, window: Window | None = None, version: int | None = None, as_of: datetime | None = None
    ) -> tuple[Scoring, ...]:
        """Predictions by window, in the order of their recording; also those of snapshots that were superseded."""

        def newer(number: int) -> list[Entry[Scoring]]:
            rows = self._all(_SCORINGS, model=model, number=number)
            return [
                Entry(row.id, row.as_of, (row.window_start, row.window_end, row.id), scoring_of(row)) for row in rows
            ]

        return tuple(
            one
            for one in self._memories.scorings.known_at(model, as_of or END_OF_TIME, newer)
            if (window is None or one.window == window) and (version is None or one.version == version)
        )

    def observations(
        self, model: str, *, as_of: datetime | None = None, window: Window | None = None
    ) -> tuple[Observation, ...]:
        """All that was measured and known at ``as_of``, oldest first; what was measured anew replaces the earlier."""

        def newer(number: int) -> list[Entry[Observation]]:
            rows = self._all(_OBSERVATIONS, model=model, number=number)
            return [_entry(row) for row in rows]

        found = self._memories.observations.known_at(model, as_of or END_OF_TIME, newer)
        return found if window is None else tuple(one for one in found if one.window == window)

    def reports(self, model: str, window: Window) -> tuple[Report, ...]:
        """The newest report of each kind on a batch."""
        rows = self._all(_reports(model, window).order_by(ReportRow.id))
        newest = {row.kind: Report(row.model, window, row.as_of, row.kind, row.sha256) for row in rows}
        return tuple(newest.values())


class WatchWriter(Writing, WatchReader):
    """Records predictions, observations and reports."""

    def add_scorings(
        self,
        *,
        model: str,
        roles: Mapping[int, ScoringRole],
        snapshot_id: int,
        window: Window,
        as_of: datetime,
        sha256: str,
        rows: int,
    ) -> tuple[Scoring, ...]:
        """Record the predictions of some versions, each in its role, for a snapshot; of each version the first stay."""
        self._lock(model)
        done = {scoring.version for scoring in self.scorings_of(snapshot_id)}
        place = {"model": model, "snapshot_id": snapshot_id, **window_values(window, as_of)}
        fresh = [
            {**place, "version": int(version), "role": role.value, "sha256": sha256, "rows": int(rows)}
            for version, role in roles.items()
            if version not in done
        ]
        self._insert_all(ScoringRow, fresh)
        return tuple(scoring for scoring in self.scorings_of(snapshot_id) if scoring.version in roles)

    def add_observations(self, model: str, observations: Iterable[Observation]) -> None:
        """Record measurements; the same again add nothing, other values of the same become their next revision.

        Raises:
            RegistryError: a value is NaN or infinite; what could not be measured is None, with the reason as detail.
        """
        wanted = {_identity(values): values for values in [_values(model, one) for one in observations]}
        if not wanted:
            return
        self._lock(model)
        moments = sorted({values["as_of"] for values in wanted.values()})
        rows = self._all(_OBSERVED, model=model, moments=moments)
        known = {_identity_of(row): row for row in rows}
        fresh = []
        for identity, values in wanted.items():
            before = known.get(identity)
            if before is not None and _same(before, values):
                continue
            fresh.append({**values, "revision": 0 if before is None else before.revision + 1})
        self._insert_all(ObservationRow, fresh)

    def add_report(self, model: str, window: Window, kind: str, sha256: str, as_of: datetime) -> None:
        """Record a page made of a batch; the same page again adds nothing."""
        self._lock(model)
        newest = self._first(
            _reports(model, window).where(ReportRow.kind == kind).order_by(ReportRow.id.desc()).limit(1)
        )
        if newest is None or newest.sha256 != sha256:
            self._insert(ReportRow, {"model": model, **window_values(window, as_of), "kind": kind, "sha256": sha256})


def _values(model: str, one: Observation) -> dict[str, Any]:
    value = None if one.value is None else float(one.value)
    if value is not None and not math.isfinite(value):
        raise RegistryError(
            f"{one.quantity} {one.subject!r} of {model} on {one.window} is {value}; accepted is a finite number.",
            remedy="where something cannot be measured, record None and say why in the detail.",
        )
    return {
        "model": model,
        **window_values(one.window, one.as_of),
        "quantity": one.quantity.value,
        "subject": storable(one.subject),
        "version": int(one.version or 0),
        "value": value,
        "rows": int(one.rows),
        "detail": dict(one.detail),
    }


def _entry(row: Sequence[Any]) -> Entry[Observation]:
    """Build an entry from a row of ``_OBSERVATION``, by position: there are so many of them."""
    start, _, as_of, *_, number = row
    return Entry(number, as_of, (as_of, start, number), observation_of(row), row[6] > 0)


def _identity(values: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(values[name] for name in _IDENTITY)


def _identity_of(row: AnyRow) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in _IDENTITY)


def _same(row: AnyRow, values: dict[str, Any]) -> bool:
    stored = (row.value, row.rows, dumps(row.detail))
    return stored == (values["value"], values["rows"], dumps(values["detail"]))


def _reports(model: str, window: Window) -> Select[Any]:
    return select(ReportRow.__table__).where(
        ReportRow.model == model, ReportRow.window_start == window.start, ReportRow.window_end == window.end
    )
