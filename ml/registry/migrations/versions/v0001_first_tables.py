"""First tables.

Revision ID: 0001
Revises: nothing
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
AUDITED = ("decision", "gate_result", "promotion")


def upgrade() -> None:
    op.create_table(
        "model",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("generation >= 0", name=op.f("ck_model_generation")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_model")),
    )
    op.create_table(
        "decision",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("window_start", MOMENT, nullable=False),
        sa.Column("window_end", MOMENT, nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("number", ID, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("guards", sa.Text(), nullable=False),
        sa.Column("policy_sha256", sa.Text(), nullable=False),
        sa.Column("history_sha256", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("trigger IN ('schedule', 'manual')", name=op.f("ck_decision_trigger")),
        sa.CheckConstraint("verdict IN ('retrain', 'keep', 'cannot_tell')", name=op.f("ck_decision_verdict")),
        sa.CheckConstraint("window_start < window_end", name=op.f("ck_decision_window")),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_decision_model")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_decision")),
        sa.UniqueConstraint("id", name=op.f("uq_decision_id")),
    )
    op.create_index(op.f("ix_decision_model_as_of_number"), "decision", ["model", "as_of", "number"], unique=False)
    op.create_index(
        op.f("ix_decision_model_window_start_window_end"),
        "decision",
        ["model", "window_start", "window_end"],
        unique=False,
    )
    op.create_table(
        "finding_set",
        sa.Column("id", ID, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("window_start", MOMENT, nullable=False),
        sa.Column("window_end", MOMENT, nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("window_start < window_end", name=op.f("ck_finding_set_window")),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_finding_set_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding_set")),
    )
    op.create_index(
        op.f("ix_finding_set_model_window_start_window_end_as_of_step_key"),
        "finding_set",
        ["model", "window_start", "window_end", "as_of", "step", "key"],
        unique=False,
    )
    op.create_table(
        "lease",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_lease_model")),
        sa.PrimaryKeyConstraint("model", name=op.f("pk_lease")),
    )
    op.create_table(
        "observation",
        sa.Column("id", ID, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("window_start", MOMENT, nullable=False),
        sa.Column("window_end", MOMENT, nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("version >= 0 AND revision >= 0 AND rows >= 0", name=op.f("ck_observation_counts")),
        sa.CheckConstraint("window_start < window_end", name=op.f("ck_observation_window")),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_observation_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observation")),
        sa.UniqueConstraint(
            "model",
            "as_of",
            "window_start",
            "window_end",
            "quantity",
            "subject",
            "version",
            "revision",
            name="uq_observation_what",
        ),
    )
    op.create_index(
        op.f("ix_observation_model_window_start_window_end"),
        "observation",
        ["model", "window_start", "window_end"],
        unique=False,
    )
    op.create_table(
        "report",
        sa.Column("id", ID, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("window_start", MOMENT, nullable=False),
        sa.Column("window_end", MOMENT, nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("window_start < window_end", name=op.f("ck_report_window")),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_report_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
    )
    op.create_index(
        op.f("ix_report_model_window_start_window_end_kind"),
        "report",
        ["model", "window_start", "window_end", "kind"],
        unique=False,
    )
    op.create_table(
        "snapshot",
        sa.Column("id", ID, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("window_start", MOMENT, nullable=False),
        sa.Column("window_end", MOMENT, nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("code_version", sa.Text(), nullable=False),
        sa.Column("supersedes", ID, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("role IN ('rows', 'labels')", name=op.f("ck_snapshot_role")),
        sa.CheckConstraint("rows >= 0", name=op.f("ck_snapshot_rows")),
        sa.CheckConstraint("window_start < window_end", name=op.f("ck_snapshot_window")),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_snapshot_model")),
        sa.ForeignKeyConstraint(["supersedes"], ["snapshot.id"], name=op.f("fk_snapshot_supersedes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot")),
    )
    op.create_index(
        op.f("ix_snapshot_model_role_window_end"), "snapshot", ["model", "role", "window_end"], unique=False
    )
    op.create_index(
        op.f("ix_snapshot_model_role_window_start_window_end_as_of"),
        "snapshot",
        ["model", "role", "window_start", "window_end", "as_of"],
        unique=False,
    )
    op.create_table(
        "spec",
        sa.Column("id", ID, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_spec_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spec")),
    )
    op.create_index(op.f("ix_spec_model_id"), "spec", ["model", "id"], unique=False)
    op.create_table(
        "table_schema",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_table_schema_model")),
        sa.PrimaryKeyConstraint("model", "key", name=op.f("pk_table_schema")),
    )
    op.create_table(
        "version",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("run_key", sa.Text(), nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("trained_from", MOMENT, nullable=False),
        sa.Column("trained_until", MOMENT, nullable=False),
        sa.Column("model_sha256", sa.Text(), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("refit_sha256", sa.Text(), nullable=True),
        sa.Column("refit_until", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("stage IN ('challenger', 'champion', 'retired', 'rejected')", name=op.f("ck_version_stage")),
        sa.CheckConstraint("(refit_sha256 IS NULL) = (refit_until IS NULL)", name=op.f("ck_version_refit")),
        sa.CheckConstraint("trained_from <= trained_until", name=op.f("ck_version_trained")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_version_version")),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_version_model")),
        sa.PrimaryKeyConstraint("model", "version", name=op.f("pk_version")),
        sa.UniqueConstraint("model", "run_key", name=op.f("uq_version_model_run_key")),
    )
    op.create_index(
        "ux_version_one_champion",
        "version",
        ["model"],
        unique=True,
        sqlite_where=sa.text("stage = 'champion'"),
        postgresql_where=sa.text("stage = 'champion'"),
    )
    op.create_table(
        "finding",
        sa.Column("id", ID, nullable=False),
        sa.Column("set_id", ID, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.CheckConstraint("rows >= 0", name=op.f("ck_finding_rows")),
        sa.ForeignKeyConstraint(["set_id"], ["finding_set.id"], name=op.f("fk_finding_set_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
    )
    op.create_index(op.f("ix_finding_code"), "finding", ["code"], unique=False)
    op.create_index(op.f("ix_finding_set_id"), "finding", ["set_id"], unique=False)
    op.create_table(
        "gate_result",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("challenger", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("champion", sa.Integer(), nullable=True),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.Column("difference", sa.Double(), nullable=True),
        sa.Column("low", sa.Double(), nullable=True),
        sa.Column("high", sa.Double(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("rows_sha256", sa.Text(), nullable=False),
        sa.Column("refitted", sa.Boolean(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("(low IS NULL) = (high IS NULL)", name=op.f("ck_gate_result_interval")),
        sa.CheckConstraint("rows >= 0 AND generation >= 0", name=op.f("ck_gate_result_counts")),
        sa.ForeignKeyConstraint(
            ["model", "challenger"], ["version.model", "version.version"], name=op.f("fk_gate_result_model_challenger")
        ),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_gate_result_model")),
        sa.PrimaryKeyConstraint("model", "challenger", name=op.f("pk_gate_result")),
    )
    op.create_table(
        "promotion",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("from_version", sa.Integer(), nullable=True),
        sa.Column("to_version", sa.Integer(), nullable=False),
        sa.Column("run_key", sa.Text(), nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("baseline", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("act IN ('promote', 'rollback')", name=op.f("ck_promotion_act")),
        sa.CheckConstraint("from_version IS NULL OR from_version <> to_version", name=op.f("ck_promotion_versions")),
        sa.CheckConstraint("generation >= 1", name=op.f("ck_promotion_generation")),
        sa.ForeignKeyConstraint(
            ["model", "from_version"],
            ["version.model", "version.version"],
            name=op.f("fk_promotion_model_from_version"),
        ),
        sa.ForeignKeyConstraint(
            ["model", "to_version"], ["version.model", "version.version"], name=op.f("fk_promotion_model_to_version")
        ),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_promotion_model")),
        sa.PrimaryKeyConstraint("model", "generation", name=op.f("pk_promotion")),
        sa.UniqueConstraint("model", "run_key", name=op.f("uq_promotion_model_run_key")),
    )
    op.create_table(
        "scoring",
        sa.Column("id", ID, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("window_start", MOMENT, nullable=False),
        sa.Column("window_end", MOMENT, nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("snapshot_id", ID, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("role IN ('champion', 'shadow')", name=op.f("ck_scoring_role")),
        sa.CheckConstraint("rows >= 0", name=op.f("ck_scoring_rows")),
        sa.CheckConstraint("window_start < window_end", name=op.f("ck_scoring_window")),
        sa.ForeignKeyConstraint(
            ["model", "version"], ["version.model", "version.version"], name=op.f("fk_scoring_model_version")
        ),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_scoring_model")),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name=op.f("fk_scoring_snapshot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scoring")),
        sa.UniqueConstraint("snapshot_id", "version", name=op.f("uq_scoring_snapshot_id_version")),
    )
    op.create_index(
        op.f("ix_scoring_model_window_start_window_end_version"),
        "scoring",
        ["model", "window_start", "window_end", "version"],
        unique=False,
    )
    op.create_table(
        "validation",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("window_start", MOMENT, nullable=False),
        sa.Column("window_end", MOMENT, nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("snapshot_id", ID, autoincrement=False, nullable=False),
        sa.Column("set_id", ID, nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("rows_kept", sa.Integer(), nullable=False),
        sa.Column("rows_quarantined", sa.Integer(), nullable=False),
        sa.Column("kept_sha256", sa.Text(), nullable=False),
        sa.Column("quarantine_sha256", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("rows_kept >= 0 AND rows_quarantined >= 0", name=op.f("ck_validation_rows")),
        sa.CheckConstraint("window_start < window_end", name=op.f("ck_validation_window")),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_validation_model")),
        sa.ForeignKeyConstraint(["set_id"], ["finding_set.id"], name=op.f("fk_validation_set_id")),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name=op.f("fk_validation_snapshot_id")),
        sa.PrimaryKeyConstraint("snapshot_id", name=op.f("pk_validation")),
    )
    op.create_index(
        op.f("ix_validation_model_window_start_window_end"),
        "validation",
        ["model", "window_start", "window_end"],
        unique=False,
    )
    op.create_index(op.f("ix_validation_set_id"), "validation", ["set_id"], unique=False)
    _forbid_changes()


def _forbid_changes() -> None:
    """What was decided and done stays as it was written: the database itself refuses to change or delete it."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION evergreen_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
        for table in AUDITED:
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION evergreen_append_only()"
            )
        return
    for table in AUDITED:
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_append_only_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def downgrade() -> None:
    op.drop_table("validation")
    op.drop_table("scoring")
    op.drop_table("promotion")
    op.drop_table("gate_result")
    op.drop_table("finding")
    op.drop_table("version")
    op.drop_table("table_schema")
    op.drop_table("spec")
    op.drop_table("snapshot")
    op.drop_table("report")
    op.drop_table("observation")
    op.drop_table("lease")
    op.drop_table("finding_set")
    op.drop_table("decision")
    op.drop_table("model")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION evergreen_append_only()")
