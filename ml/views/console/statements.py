"""The console's questions, as SQL that SQLite and PostgreSQL read alike.

They are written out, because what an index is found by must stand in the text: ``quantity <> 'column_drift'`` names the
index of what is measured a few times a batch, and a subquery with ``max`` or ``LIMIT 1`` is one step into an index for
each model, where a join would read its whole history.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, Boolean, Double, Integer, Text, TextualSelect, bindparam, text
from sqlalchemy.sql.sqltypes import TupleType

from ml.registry.columns import JsonText, UtcDateTime

_MOMENTS = "as_of created_at judged_at refit_until seen_until since start window_end window_start"
_TYPES: dict[str, Any] = {
    **dict.fromkeys(["advice", "baseline", "detail", "findings", "metrics", "said", "spec"], JsonText),
    **dict.fromkeys(_MOMENTS.split(), UtcDateTime),
    **dict.fromkeys(("fresh", "passed"), Boolean),
    "value": Double,
    "version": Integer,
}
_PLACE = TupleType(Text(), UtcDateTime())


def _asking(sql: str, columns: str, *, many: str = "", moments: str = "", places: str = "") -> TextualSelect:
    """Build a question: its text, the columns of its answer, which values are lists and which are moments."""
    parameters: list[BindParameter[Any]] = [bindparam(name, expanding=True) for name in many.split()]
    parameters += [bindparam(name, type_=UtcDateTime) for name in moments.split()]
    parameters += [bindparam(name, expanding=True, type_=_PLACE) for name in places.split()]
    return text(sql).bindparams(*parameters).columns(**{name: _TYPES.get(name, Text) for name in columns.split()})


MODELS = _asking("SELECT name FROM model ORDER BY name LIMIT :limit", "name")

SPECS = _asking(
    """SELECT spec.model, spec.spec, spec.created_at FROM model JOIN spec ON spec.id =
       (SELECT max(s.id) FROM spec s WHERE s.model = model.name)
       WHERE model.name IN :names""",
    "model spec created_at",
    many="names",
)
"""The newest spec of each model."""

CHAMPIONS = _asking(
    """SELECT version.model, version.version, coalesce(version.refit_until, version.trained_until) AS seen_until,
       promotion.as_of AS since, promotion.baseline
       FROM version
       JOIN model ON model.name = version.model
       JOIN promotion ON promotion.model = model.name AND promotion.generation = model.generation
       WHERE version.stage = 'champion' AND version.model IN :names""",
    "model version seen_until since baseline",
    many="names",
)
"""The champion of each model and the promotion that made it so."""

NEWEST_BATCHES = _asking(
    """SELECT snapshot.model, snapshot.window_start, snapshot.window_end, snapshot.rows, validation.passed
       FROM model
       JOIN snapshot ON snapshot.id = (
         SELECT s.id FROM snapshot s WHERE s.model = model.name AND s.role = 'rows'
         ORDER BY s.window_end DESC, s.id DESC LIMIT 1)
       LEFT JOIN validation ON validation.snapshot_id = snapshot.id
       WHERE model.name IN :names""",
    "model window_start window_end rows passed",
    many="names",
)

NEWEST_FINDINGS = _asking(
    """SELECT finding_set.model, finding_set.window_start, finding_set.window_end, finding_set.as_of, finding_set.step,
       finding_set.key, finding_set.id AS set_id, finding.code, finding.severity, finding.outcome, finding.rows,
       coalesce(finding.said, 'null') AS said
       FROM model
       JOIN finding_set ON finding_set.model = model.name AND finding_set.window_start = (
         SELECT max(s.window_start) FROM finding_set s WHERE s.model = model.name)
       LEFT JOIN finding ON finding.set_id = finding_set.id AND finding.severity <> 'info'
       WHERE model.name IN :names ORDER BY finding_set.id, finding.id""",
    "model window_start window_end as_of step key set_id code severity outcome rows said",
    many="names",
)
"""Findings on the newest batch of each model that are more than information; sets without any are in, with no code."""

NEWEST_METRICS = _asking(
    """SELECT o.model, o.window_start, o.window_end, o.as_of, o.value, o.version
       FROM model
       JOIN observation o ON o.model = model.name AND o.quantity = 'metric' AND o.quantity <> 'column_drift'
         AND o.subject = :metric AND o.window_start = (
           SELECT max(n.window_start) FROM observation n WHERE n.model = model.name AND n.quantity = 'metric'
           AND n.quantity <> 'column_drift' AND n.subject = :metric)
       JOIN scoring ON scoring.model = o.model AND scoring.window_start = o.window_start
         AND scoring.window_end = o.window_end AND scoring.version = o.version AND scoring.role = 'champion'
       WHERE model.name IN :names ORDER BY o.as_of, o.revision""",
    "model window_start window_end as_of value version",
    many="names",
)
"""The newest value of one primary metric, of the version that served, for each model that has it."""

FALLEN = _asking(
    """SELECT finding_set.model, finding.code, finding.severity, finding.outcome, finding.rows, finding.said
       FROM snapshot
       JOIN finding_set ON finding_set.model = snapshot.model AND finding_set.window_start = snapshot.window_start
         AND finding_set.window_end = snapshot.window_end AND finding_set.as_of = snapshot.window_end
         AND finding_set.step = 'monitor'
       JOIN finding ON finding.set_id = finding_set.id AND finding.code = 'PF001'
       WHERE (snapshot.model, snapshot.window_end) IN :places AND snapshot.role = 'rows'
         AND finding_set.id = (
           SELECT max(s.id) FROM finding_set s WHERE s.model = snapshot.model AND s.window_start = snapshot.window_start
           AND s.window_end = snapshot.window_end AND s.as_of = snapshot.window_end AND s.step = 'monitor')
       ORDER BY finding.id""",
    "model code severity outcome rows said",
    places="places",
)
"""What fell in the runs that measured some models last: a place is a model and the end of that run's window."""

LAST_DECISIONS = _asking(
    """SELECT decision.model, decision.id, decision.verdict, decision.sentence, decision.as_of
       FROM model
       JOIN decision ON decision.number = (
         SELECT d.number FROM decision d WHERE d.model = model.name ORDER BY d.as_of DESC, d.number DESC LIMIT 1)
       WHERE model.name IN :names""",
    "model id verdict sentence as_of",
    many="names",
)

SERVED_METRICS = _asking(
    """SELECT o.window_start, o.window_end, o.value, o.rows, o.version
       FROM observation o
       JOIN scoring ON scoring.model = o.model AND scoring.window_start = o.window_start
         AND scoring.window_end = o.window_end AND scoring.version = o.version AND scoring.role = 'champion'
       WHERE o.model = :model AND o.quantity = 'metric' AND o.quantity <> 'column_drift' AND o.subject = :metric
         AND o.window_start < :before
       ORDER BY o.window_start DESC, o.as_of DESC, o.revision DESC LIMIT :limit""",
    "window_start window_end value rows version",
    moments="before",
)
"""The primary metric of the version that served each batch, the newest batch first; of one batch the newest value."""

WINDOWS = _asking(
    """SELECT snapshot.window_start, snapshot.window_end, snapshot.id, snapshot.rows, validation.passed,
       validation.rows_kept, validation.rows_quarantined
       FROM snapshot LEFT JOIN validation ON validation.snapshot_id = snapshot.id
       WHERE snapshot.model = :model AND snapshot.role = 'rows' AND snapshot.window_start < :before
       ORDER BY snapshot.window_start DESC, snapshot.id DESC LIMIT :limit""",
    "window_start window_end id rows passed rows_kept rows_quarantined",
    moments="before",
)
"""Batches before a moment, the newest first; of one window the newest snapshot."""

SHARES = _asking(
    """SELECT o.window_start, o.window_end, o.quantity, o.value, o.detail FROM observation o
       WHERE o.model = :model AND o.quantity IN ('drift_share', 'labelled') AND o.quantity <> 'column_drift'
       AND o.subject = '' AND o.window_start >= :start AND o.window_start < :before
       ORDER BY o.as_of, o.revision LIMIT :limit""",
    "window_start window_end quantity value detail",
    moments="start before",
)

COLUMN_DRIFT = _asking(
    """SELECT o.window_start, o.window_end, o.subject, o.value, o.rows, o.detail FROM observation o
       WHERE o.model = :model AND o.window_start >= :start AND o.window_start < :before AND o.quantity = 'column_drift'
       ORDER BY o.as_of, o.revision LIMIT :limit""",
    "window_start window_end subject value rows detail",
    moments="start before",
)

FINDINGS = _asking(
    """SELECT finding_set.window_start, finding_set.window_end, finding_set.as_of, finding_set.step, finding_set.key,
       finding_set.id AS set_id, finding.code, finding.severity
       FROM finding_set LEFT JOIN finding ON finding.set_id = finding_set.id AND finding.severity <> 'info'
       WHERE finding_set.model = :model AND finding_set.window_start >= :start AND finding_set.window_start < :before
       ORDER BY finding_set.id, finding.id LIMIT :limit""",
    "window_start window_end as_of step key set_id code severity",
    moments="start before",
)

DECISIONS = _asking(
    """SELECT number, id, window_start, window_end, as_of, verdict, sentence, "trigger", reason, actor, created_at
       FROM decision WHERE model = :model AND window_start >= :start
         AND (as_of < :before OR (as_of = :before AND number < :number))
       ORDER BY as_of DESC, number DESC LIMIT :limit""",
    "number id window_start window_end as_of verdict sentence trigger reason actor created_at",
    moments="start before",
)
"""Decisions, the newest first, after the one of (before, number)."""

PROMOTIONS = _asking(
    """SELECT generation, act, from_version, to_version, run_key, as_of, reason, actor, baseline, created_at
       FROM promotion WHERE model = :model ORDER BY generation DESC LIMIT :limit""",
    "generation act from_version to_version run_key as_of reason actor baseline created_at",
)

VERSIONS = _asking(
    """SELECT version.version, CASE WHEN version.stage = 'challenger' AND gate_result.evidence LIKE '%"shadow"%'
         AND shadow_verdict.version IS NULL THEN 'held' ELSE version.stage END AS stage,
       version.run_key, version.as_of, version.trained_from AS since,
       coalesce(version.refit_until, version.trained_until) AS seen_until, gate_result.passed,
       gate_result.sentence || coalesce(' ' || shadow_verdict.sentence, '') AS sentence,
       gate_result.difference AS value, coalesce(shadow_verdict.as_of, gate_result.as_of) AS judged_at,
       coalesce(gate_result.metrics, 'null') AS metrics FROM version LEFT JOIN gate_result
         ON gate_result.model = version.model AND gate_result.challenger = version.version
       LEFT JOIN shadow_verdict ON shadow_verdict.model = version.model AND shadow_verdict.version = version.version
       WHERE version.model = :model AND version.version < :below ORDER BY version.version DESC LIMIT :limit""",
    "version stage run_key as_of since seen_until passed sentence value judged_at metrics",
)
"""The versions, the newest first; a challenger in the shadow is *held*, and the verdict on it part of the sentence."""

TWO_SPECS = _asking(
    "SELECT sha256, spec, created_at FROM spec WHERE model = :model ORDER BY id DESC LIMIT :limit",
    "sha256 spec created_at",
)

DRIFT_OF_BATCH = _asking(
    """SELECT o.window_start, o.window_end, o.quantity, o.subject, o.version, o.value, o.rows, o.detail, o.as_of
       FROM observation o
       WHERE o.model = :model AND o.window_start = :start AND o.window_end = :end
       ORDER BY o.as_of, o.revision LIMIT :limit""",
    "window_start window_end quantity subject version value rows detail as_of",
    moments="start end",
)
"""All that was measured on one batch; later values of the same replace the earlier ones."""

WINDOW_AT = _asking(
    """SELECT window_start, window_end FROM snapshot WHERE model = :model AND role = 'rows' AND window_start = :start
       UNION SELECT window_start, window_end FROM finding_set WHERE model = :model AND window_start = :start
       ORDER BY window_end DESC LIMIT 1""",
    "window_start window_end",
    moments="start",
)
"""The batch that begins at a moment; the longest one, if the length of batches was changed."""

SNAPSHOTS_OF = _asking(
    """SELECT id, role, sha256, rows, source, as_of, code_version, created_at FROM snapshot
       WHERE model = :model AND window_start = :start AND window_end = :end ORDER BY id DESC LIMIT :limit""",
    "id role sha256 rows source as_of code_version created_at",
    moments="start end",
)

LINEAGE = _asking(
    """SELECT snapshot.id, snapshot.role, snapshot.sha256, snapshot.rows, snapshot.source, snapshot.window_start,
       snapshot.window_end
       FROM snapshot LEFT JOIN validation ON validation.snapshot_id = snapshot.id
       WHERE snapshot.model = :model AND (snapshot.sha256 IN :digests OR validation.kept_sha256 IN :digests)
       ORDER BY snapshot.window_start, snapshot.id LIMIT :limit""",
    "id role sha256 rows source window_start window_end",
    many="digests",
)
"""Snapshots by digest, their own or that of the rows which validation kept."""

REPLAYS = _asking(
    """SELECT "key", start, as_of, advice, actor, created_at FROM replay
       WHERE model = :model ORDER BY id DESC LIMIT :limit""",
    "key start as_of advice actor created_at",
)

_EVENT = "number kind record key rows as_of actor created_at sha256 signature"
EVENTS = _asking(
    """SELECT number, kind, record, "key", rows, as_of, actor, created_at, sha256, signature FROM event
       WHERE model = :model AND number < :below ORDER BY number DESC LIMIT :limit""",
    _EVENT,
)

ACTS = _asking(
    """SELECT number, kind, record, "key", rows, as_of, actor, created_at, sha256, signature FROM event
       WHERE model = :model AND number < :below AND kind IN
         ('spec', 'training', 'refit', 'approval', 'promotion', 'rejection', 'rollback', 'erasure')
       ORDER BY number DESC LIMIT :limit""",
    _EVENT,
)
"""Events that changed the spec, a version or the champion: walked by the key of the chain, the newest first."""

BOTH_SCORED = _asking(
    """SELECT o.window_start, o.window_end, o.version, o.value, o.rows FROM observation o
       WHERE o.model = :model AND o.quantity = 'metric' AND o.quantity <> 'column_drift' AND o.subject = :metric
         AND o.version IN (:first, :second)
       ORDER BY o.window_start DESC, o.as_of DESC, o.revision DESC LIMIT :limit""",
    "window_start window_end version value rows",
)
"""The primary metric of two versions, the newest batch first; of one batch and version the newest value first."""

METRICS_OF_VERSION = _asking(
    """SELECT o.window_start, o.window_end, o.value, o.rows, o.detail FROM observation o
       WHERE o.model = :model AND o.quantity = 'metric' AND o.quantity <> 'column_drift' AND o.subject = :metric
         AND o.version = :version
       ORDER BY o.window_start DESC, o.as_of DESC, o.revision DESC LIMIT :limit""",
    "window_start window_end value rows detail",
)
"""One metric of one version, the newest batch first; of one batch the newest value first."""
