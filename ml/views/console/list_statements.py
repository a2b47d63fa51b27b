"""The questions of the list of models: each is asked once, whatever the number of models that it is asked of.

Everything is found by an index, one step for each model: ``CROSS JOIN`` is where SQLite, which has no statistics unless
somebody asks for them, might begin elsewhere.
"""

from __future__ import annotations

from ml.views.console.asking import asking

MODELS = asking("SELECT name FROM model ORDER BY name LIMIT :limit", "name")

STAMPS = asking(
    """SELECT model.name,
       (SELECT event.sha256 FROM event WHERE event.model = model.name ORDER BY event.number DESC LIMIT 1) AS stamp
       FROM model WHERE model.name IN :names""",
    "name stamp",
    many="names",
)
"""The digest of each model's newest event. Every record of a model is written with an event, and an event holds the
digest of the one before: a model whose digest is what it was stands where it stood, also after the database was
restored from a backup and went on. Null: its records are older than the chain of custody.
"""

SPECS = asking(
    """SELECT spec.model, spec.spec, spec.created_at FROM model JOIN spec ON spec.id =
       (SELECT max(s.id) FROM spec s WHERE s.model = model.name)
       WHERE model.name IN :names""",
    "model spec created_at",
    many="names",
)
"""The newest spec of each model."""

CHAMPIONS = asking(
    """SELECT version.model, version.version, coalesce(version.refit_until, version.trained_until) AS seen_until,
       promotion.as_of AS since, promotion.baseline
       FROM model CROSS JOIN version
       JOIN promotion ON promotion.model = version.model AND promotion.generation = model.generation
       WHERE version.model = model.name AND version.stage = 'champion' AND model.name IN :names""",
    "model version seen_until since baseline",
    many="names",
)
"""The champion of each model and the promotion that made it so."""

NEWEST_BATCHES = asking(
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

NEWEST_FINDINGS = asking(
    """SELECT finding_set.model, finding_set.window_start, finding_set.window_end, finding_set.as_of, finding_set.step,
       finding_set.key, finding_set.id AS set_id, finding.code, finding.severity, finding.outcome, finding.rows,
       coalesce(finding.said, 'null') AS said
       FROM model CROSS JOIN finding_set
       LEFT JOIN finding ON finding.set_id = finding_set.id AND finding.severity <> 'info'
       WHERE finding_set.model = model.name AND finding_set.window_start = (
         SELECT max(s.window_start) FROM finding_set s WHERE s.model = model.name)
         AND model.name IN :names ORDER BY finding_set.id, finding.id""",
    "model window_start window_end as_of step key set_id code severity outcome rows said",
    many="names",
)
"""Findings on the newest batch of each model that are more than information; sets without any are in, with no code."""

MEASURED = asking(
    """SELECT o.model, o.window_start, o.window_end, o.as_of, o.value, o.version, finding.code,
       finding.severity, finding.outcome, finding.rows, coalesce(finding.said, 'null') AS said
       FROM model
       JOIN observation o ON o.id = (
         SELECT n.id FROM observation n
         JOIN scoring ON scoring.model = n.model AND scoring.window_start = n.window_start
           AND scoring.window_end = n.window_end AND scoring.version = n.version AND scoring.role = 'champion'
         WHERE n.model = model.name AND n.quantity = 'metric' AND n.quantity <> 'column_drift' AND n.subject = :metric
         ORDER BY n.window_start DESC, n.as_of DESC, n.revision DESC LIMIT 1)
       LEFT JOIN finding_set ON finding_set.id = (
         SELECT max(f.id) FROM finding_set f WHERE f.model = model.name AND f.window_start = (
             SELECT s.window_start FROM snapshot s
             WHERE s.model = model.name AND s.role = 'rows' AND s.window_end <= o.as_of
             ORDER BY s.window_end DESC, s.id DESC LIMIT 1)
           AND f.window_end = o.as_of AND f.as_of = o.as_of AND f.step = 'monitor')
       LEFT JOIN finding ON finding.set_id = finding_set.id AND finding.code = 'PF001'
       WHERE model.name IN :names ORDER BY finding.id""",
    "model window_start window_end as_of value version code severity outcome rows said",
    many="names",
)
"""The newest value of one primary metric, of the version that served, for each model that has it; and what fell in the
run that measured it: a row a finding, one without a code where nothing fell.
"""

SPARKS = asking(
    """SELECT o.model, o.window_start, o.window_end, o.value
       FROM model CROSS JOIN observation o
       WHERE model.name IN :names AND o.model = model.name AND o.quantity = 'metric' AND o.quantity <> 'column_drift'
         AND o.subject = :metric AND o.window_start >= coalesce((
           SELECT n.window_start FROM observation n WHERE n.model = model.name AND n.quantity = 'metric'
             AND n.quantity <> 'column_drift' AND n.subject = :metric
           ORDER BY n.window_start DESC LIMIT 1 OFFSET :most), :always)
         AND EXISTS (SELECT 1 FROM scoring WHERE scoring.model = o.model AND scoring.window_start = o.window_start
           AND scoring.window_end = o.window_end AND scoring.version = o.version AND scoring.role = 'champion')
       ORDER BY o.model, o.window_start, o.as_of, o.revision""",
    "model window_start window_end value",
    many="names",
    moments="always",
)
"""The last values of one primary metric of some models, oldest first, among the newest ``:most`` of all versions."""

LAST_DECISIONS = asking(
    """SELECT decision.model, decision.id, decision.verdict, decision.sentence, decision.as_of
       FROM model
       JOIN decision ON decision.number = (
         SELECT d.number FROM decision d WHERE d.model = model.name ORDER BY d.as_of DESC, d.number DESC LIMIT 1)
       WHERE model.name IN :names""",
    "model id verdict sentence as_of",
    many="names",
)
