"""The console's questions, as SQL that SQLite and PostgreSQL read alike.

They are written out, because what an index is found by must stand in the text: ``quantity <> 'column_drift'`` names the
index of what is measured a few times a batch, and a subquery with ``max`` or ``LIMIT 1`` is one step into an index for
each model, where a join would read its whole history.
"""

from __future__ import annotations

from ml.views.console.asking import asking

SERVED_METRICS = asking(
    """SELECT o.window_start, o.window_end, o.value, o.rows, o.version, o.detail
       FROM observation o
       WHERE o.model = :model AND o.quantity = 'metric' AND o.quantity <> 'column_drift' AND o.subject = :metric
         AND o.window_start < :before
         AND EXISTS (SELECT 1 FROM scoring WHERE scoring.model = o.model AND scoring.window_start = o.window_start
           AND scoring.window_end = o.window_end AND scoring.version = o.version AND scoring.role = 'champion')
       ORDER BY o.window_start DESC, o.as_of DESC, o.revision DESC LIMIT :limit""",
    "window_start window_end value rows version detail",
    moments="before",
)
"""The primary metric of the version that served each batch, the newest batch first; of one batch the newest value.

Not a join: without statistics SQLite would begin one at the scorings, and go through all metrics for each of them.
"""

ESTIMATES = asking(
    """SELECT o.window_start, o.window_end, o.value FROM observation o
       WHERE o.model = :model AND o.quantity = 'estimated_metric' AND o.quantity <> 'column_drift'
         AND o.subject = :metric AND o.window_start >= :start AND o.window_start < :before
       ORDER BY o.as_of, o.revision LIMIT :limit""",
    "window_start window_end value",
    moments="start before",
)
"""The primary metric as it was estimated without labels, where something estimates it."""

WINDOWS = asking(
    """SELECT snapshot.window_start, snapshot.window_end, snapshot.id, snapshot.rows, validation.passed,
       validation.rows_kept, validation.rows_quarantined
       FROM snapshot LEFT JOIN validation ON validation.snapshot_id = snapshot.id
       WHERE snapshot.model = :model AND snapshot.role = 'rows' AND snapshot.window_start < :before
       ORDER BY snapshot.window_start DESC, snapshot.id DESC LIMIT :limit""",
    "window_start window_end id rows passed rows_kept rows_quarantined",
    moments="before",
)
"""Batches before a moment, the newest first; of one window the newest snapshot."""

SHARES = asking(
    """SELECT o.window_start, o.window_end, o.quantity, o.value, o.detail FROM observation o
       WHERE o.model = :model AND o.quantity IN ('drift_share', 'labelled') AND o.quantity <> 'column_drift'
       AND o.subject = '' AND o.window_start >= :start AND o.window_start < :before
       ORDER BY o.as_of, o.revision LIMIT :limit""",
    "window_start window_end quantity value detail",
    moments="start before",
)

COLUMN_DRIFT = asking(
    """SELECT o.window_start, o.window_end, o.subject, o.value, o.rows, o.detail FROM observation o
       WHERE o.model = :model AND o.window_start >= :start AND o.window_start < :before AND o.quantity = 'column_drift'
       ORDER BY o.as_of, o.revision LIMIT :limit""",
    "window_start window_end subject value rows detail",
    moments="start before",
)

FINDINGS = asking(
    """SELECT finding_set.window_start, finding_set.window_end, finding_set.as_of, finding_set.step, finding_set.key,
       finding_set.id AS set_id, finding.code, finding.severity
       FROM finding_set LEFT JOIN finding ON finding.set_id = finding_set.id AND finding.severity <> 'info'
       WHERE finding_set.model = :model AND finding_set.window_start >= :start AND finding_set.window_start < :before
       ORDER BY finding_set.id, finding.id LIMIT :limit""",
    "window_start window_end as_of step key set_id code severity",
    moments="start before",
)

DECISIONS = asking(
    """SELECT number, id, window_start, window_end, as_of, verdict, sentence, "trigger", reason, actor, created_at
       FROM decision WHERE model = :model AND window_start >= :start
         AND (as_of < :before OR (as_of = :before AND number < :number))
       ORDER BY as_of DESC, number DESC LIMIT :limit""",
    "number id window_start window_end as_of verdict sentence trigger reason actor created_at",
    moments="start before",
)
"""Decisions, the newest first, after the one of (before, number)."""

PROMOTIONS = asking(
    """SELECT generation, act, from_version, to_version, run_key, as_of, reason, actor, baseline, created_at
       FROM promotion WHERE model = :model ORDER BY generation DESC LIMIT :limit""",
    "generation act from_version to_version run_key as_of reason actor baseline created_at",
)

VERSIONS = asking(
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

TWO_SPECS = asking(
    "SELECT sha256, spec, created_at FROM spec WHERE model = :model ORDER BY id DESC LIMIT :limit",
    "sha256 spec created_at",
)

DRIFT_OF_BATCH = asking(
    """SELECT o.window_start, o.window_end, o.quantity, o.subject, o.version, o.value, o.rows, o.detail, o.as_of
       FROM observation o
       WHERE o.model = :model AND o.window_start = :start AND o.window_end = :end
       ORDER BY o.as_of, o.revision LIMIT :limit""",
    "window_start window_end quantity subject version value rows detail as_of",
    moments="start end",
)
"""All that was measured on one batch; later values of the same replace the earlier ones."""

WINDOW_AT = asking(
    """SELECT window_start, window_end FROM snapshot WHERE model = :model AND role = 'rows' AND window_start = :start
       UNION SELECT window_start, window_end FROM finding_set WHERE model = :model AND window_start = :start
       ORDER BY window_end DESC LIMIT 1""",
    "window_start window_end",
    moments="start",
)
"""The batch that begins at a moment; the longest one, if the length of batches was changed."""

SNAPSHOTS_OF = asking(
    """SELECT id, role, sha256, rows, source, as_of, code_version, created_at FROM snapshot
       WHERE model = :model AND window_start = :start AND window_end = :end ORDER BY id DESC LIMIT :limit""",
    "id role sha256 rows source as_of code_version created_at",
    moments="start end",
)

LINEAGE = asking(
    """SELECT snapshot.id, snapshot.role, snapshot.sha256, snapshot.rows, snapshot.source, snapshot.window_start,
       snapshot.window_end
       FROM snapshot LEFT JOIN validation ON validation.snapshot_id = snapshot.id
       WHERE snapshot.model = :model AND (snapshot.sha256 IN :digests OR validation.kept_sha256 IN :digests)
       ORDER BY snapshot.window_start, snapshot.id LIMIT :limit""",
    "id role sha256 rows source window_start window_end",
    many="digests",
)
"""Snapshots by digest, their own or that of the rows which validation kept."""

REPLAYS = asking(
    """SELECT "key", start, as_of, advice, actor, created_at FROM replay
       WHERE model = :model ORDER BY id DESC LIMIT :limit""",
    "key start as_of advice actor created_at",
)

_EVENT = "number kind record key rows as_of actor created_at sha256 signature"
EVENTS = asking(
    """SELECT number, kind, record, "key", rows, as_of, actor, created_at, sha256, signature FROM event
       WHERE model = :model AND number < :below ORDER BY number DESC LIMIT :limit""",
    _EVENT,
)

ACTS = asking(
    """SELECT number, kind, record, "key", rows, as_of, actor, created_at, sha256, signature FROM event
       WHERE model = :model AND number < :below AND kind IN
         ('spec', 'training', 'refit', 'approval', 'promotion', 'rejection', 'rollback', 'erasure')
       ORDER BY number DESC LIMIT :limit""",
    _EVENT,
)
"""Events that changed the spec, a version or the champion: walked by the key of the chain, the newest first."""

BOTH_SCORED = asking(
    """SELECT o.window_start, o.window_end, o.version, o.value, o.rows FROM observation o
       WHERE o.model = :model AND o.quantity = 'metric' AND o.quantity <> 'column_drift' AND o.subject = :metric
         AND o.version IN (:first, :second)
       ORDER BY o.window_start DESC, o.as_of DESC, o.revision DESC LIMIT :limit""",
    "window_start window_end version value rows",
)
"""The primary metric of two versions, the newest batch first; of one batch and version the newest value first."""

METRICS_OF_VERSION = asking(
    """SELECT o.window_start, o.window_end, o.value, o.rows, o.detail FROM observation o
       WHERE o.model = :model AND o.quantity = 'metric' AND o.quantity <> 'column_drift' AND o.subject = :metric
         AND o.version = :version
       ORDER BY o.window_start DESC, o.as_of DESC, o.revision DESC LIMIT :limit""",
    "window_start window_end value rows detail",
)
"""One metric of one version, the newest batch first; of one batch the newest value first."""
