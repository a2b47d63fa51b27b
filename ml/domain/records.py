"""The records of Evergreen: what was seen, decided and done. Append-only, frozen, free of any storage.

``as_of`` is the moment *in the data's time* at which a record was true, ``created_at`` when it was written. Every
decision depends on ``as_of`` alone, so a backfill of last year and a live run give the same answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from ml.domain.findings import Finding
from ml.domain.windows import Window

Json = Mapping[str, Any]


class SnapshotRole(StrEnum):
    """Which part of a batch a snapshot holds: labels that come late are a snapshot of their own."""

    ROWS = "rows"
    LABELS = "labels"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Immutable data of one window, addressed by the SHA-256 over all its rows.

    ``columns`` maps name to stored type. ``supersedes`` is the id of the snapshot of the same window and role that this
    one replaces, None for the first.
    """

    id: int
    model: str
    role: SnapshotRole
    window: Window
    as_of: datetime
    sha256: str
    rows: int
    columns: Mapping[str, str]
    source: str
    code_version: str
    supersedes: int | None = None


@dataclass(frozen=True, slots=True)
class Validation:
    """What validation made of one snapshot: the kept rows and the quarantined rows are frames of their own.

    ``profile_sha256`` is the profile of the kept rows; None where the schema was not frozen yet, and for batches that
    were validated before there were profiles.
    """

    snapshot_id: int
    passed: bool
    rows_kept: int
    rows_quarantined: int
    kept_sha256: str
    quarantine_sha256: str | None
    findings: tuple[Finding, ...]
    profile_sha256: str | None = None


class ScoringRole(StrEnum):
    """In which role a version scored a batch."""

    CHAMPION = "champion"
    SHADOW = "shadow"


@dataclass(frozen=True, slots=True)
class Scoring:
    """One version's predictions for one snapshot.

    ``sha256`` is the frame of predictions, row by row; versions that scored together share it, each with its columns.
    """

    id: int
    model: str
    version: int
    role: ScoringRole
    snapshot_id: int
    window: Window
    as_of: datetime
    sha256: str
    rows: int


class Quantity(StrEnum):
    """What an observation measures."""

    ROWS = "rows"  # rows kept of a batch
    LABELLED = "labelled"  # rows of a batch whose label has arrived
    QUARANTINED = "quarantined"  # share of the rows of a batch that validation took out, 0..1
    METRIC = "metric"  # subject: name of the metric; version: who predicted
    ESTIMATED_METRIC = "estimated_metric"  # the same, estimated without labels
    COLUMN_DRIFT = "column_drift"  # subject: feature; the effect size of the spec's measure
    SEGMENT_DRIFT = "segment_drift"  # subject: feature and segment
    ASSOCIATION_DRIFT = "association_drift"  # subject: two features; the change of their correlation or Cramér's V
    TABLE_DRIFT = "table_drift"  # area under the curve of the classifier that tells batch and reference apart
    DRIFT_SHARE = "drift_share"  # share of features drifted, by how much the champion uses each, 0..1
    PREDICTION_DRIFT = "prediction_drift"  # version: who predicted
    TARGET_DRIFT = "target_drift"


@dataclass(frozen=True, slots=True)
class Observation:
    """One number measured on one batch, and the number of ``rows`` it rests on.

    ``window`` is the batch it speaks of, ``as_of`` when it could be known: the metric of a batch whose labels come two
    weeks late is observed two weeks after the batch. ``value`` is None, and ``detail`` says why, if there was none.
    """

    window: Window
    as_of: datetime
    quantity: Quantity
    subject: str = ""
    version: int | None = None
    value: float | None = None
    rows: int = 0
    detail: Json = field(default_factory=dict)


class Verdict(StrEnum):
    """What a rule, or a whole decision, says about retraining now."""

    RETRAIN = "retrain"
    KEEP = "keep"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What one node of the policy's tree said, with all that a person needs to see why.

    ``sentence`` is plain words; ``value`` against ``threshold`` gives the counterfactual; ``evidence`` is small JSON.
    ``least_gain`` is a condition on the retraining that is asked for: see :class:`Decision`.
    """

    kind: str
    verdict: Verdict
    sentence: str
    value: float | None = None
    threshold: float | None = None
    evidence: Json = field(default_factory=dict)
    of: tuple[RuleResult, ...] = ()
    least_gain: float | None = None


class Trigger(StrEnum):
    """Who asked for the decision."""

    SCHEDULE = "schedule"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Decision:
    """Retrain now or not, and why.

    ``id`` is a content key of model, as_of, policy, history and request: deciding twice on one history gives the same
    id. ``result`` is the rule tree; ``guards`` are the conditions around it (cooldown, labelled rows), each able to
    hold a retraining back. ``sentence`` says the whole in one line. ``least_gain`` is what the challenger must gain in
    the primary metric on the held-out rows to be worth going live, None if the gate alone decides.
    """

    id: str
    model: str
    window: Window
    as_of: datetime
    verdict: Verdict
    sentence: str
    trigger: Trigger
    result: RuleResult
    guards: tuple[RuleResult, ...]
    policy_sha256: str
    history_sha256: str
    reason: str = ""
    actor: str = ""
    least_gain: float | None = None


class Stage(StrEnum):
    """Where a version stands. Exactly one version of a model is its champion, or none."""

    CHALLENGER = "challenger"
    CHAMPION = "champion"
    RETIRED = "retired"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Version:
    """One trained artifact.

    ``run_key`` (the decision's id) makes training exactly-once. ``trained_until`` is the exclusive end of the windows
    that the stored estimator has seen. ``manifest`` holds what reproduces it: snapshots, spec digest, library versions,
    estimator, parameters, seed, features, seconds. What passed the gate may have been fitted once more on all labelled
    rows: ``refit_sha256`` and ``refit_until`` then say so.
    """

    model: str
    version: int
    stage: Stage
    run_key: str
    as_of: datetime
    trained_from: datetime
    trained_until: datetime
    model_sha256: str
    manifest: Json
    refit_sha256: str | None = None
    refit_until: datetime | None = None

    @property
    def serving_sha256(self) -> str:
        """Digest of the estimator that scores: the refitted one where there is one."""
        return self.refit_sha256 or self.model_sha256

    @property
    def seen_until(self) -> datetime:
        """Exclusive end of all rows that the serving estimator was fitted on."""
        return self.refit_until or self.trained_until


ASKED = "approval"
"""Where a verdict's evidence says that a person has to approve, and on which terms."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """The gate's verdict on one challenger.

    ``champion`` is None for a model's first version. ``metrics`` maps ``"challenger"``, ``"champion"`` (or ``"dummy"``)
    to values on the same rows; ``difference`` is the gain in the primary metric, positive is better whatever the
    metric's direction, with its interval. ``rows_sha256`` identifies the held-out rows. ``evidence`` says how it was
    tested: attempt, method, what the rows can show, the best champion so far should this one go live (``best``).
    """

    model: str
    challenger: int
    champion: int | None
    as_of: datetime
    passed: bool
    sentence: str
    metrics: Mapping[str, Mapping[str, float]]
    difference: float | None
    interval: tuple[float, float] | None
    rows: int
    rows_sha256: str
    refitted: bool
    generation: int
    findings: tuple[Finding, ...]
    evidence: Json = field(default_factory=dict)


class Act(StrEnum):
    """How the champion changed."""

    PROMOTE = "promote"
    ROLLBACK = "rollback"


UNATTENDED = "evergreen"
"""Who acted where no person did."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """One change of champion; ``generation`` orders them, ``baseline`` is the primary metric to be measured against."""

    model: str
    generation: int
    act: Act
    from_version: int | None
    to_version: int
    run_key: str
    as_of: datetime
    baseline: Mapping[str, float]
    reason: str
    actor: str
    created_at: datetime
