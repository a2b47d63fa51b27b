"""How the time of a challenger in the shadow ended.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    op.create_table(
        "shadow_verdict",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ending", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("difference", sa.Double(), nullable=True),
        sa.Column("low", sa.Double(), nullable=True),
        sa.Column("high", sa.Double(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "ending IN ('passed', 'rejected', 'stale', 'superseded')", name=op.f("ck_shadow_verdict_ending")
        ),
        sa.CheckConstraint("(low IS NULL) = (high IS NULL)", name=op.f("ck_shadow_verdict_interval")),
        sa.CheckConstraint("rows >= 0", name=op.f("ck_shadow_verdict_rows")),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_shadow_verdict_model")),
        sa.ForeignKeyConstraint(
            ["model", "version"], ["version.model", "version.version"], name=op.f("fk_shadow_verdict_model_version")
        ),
        sa.PrimaryKeyConstraint("model", "version", name=op.f("pk_shadow_verdict")),
    )
    _forbid_changes("shadow_verdict")


def _forbid_changes(table: str) -> None:
    """The database itself refuses to change or delete a row."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION evergreen_append_only()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION evergreen_append_only()"
        )
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def downgrade() -> None:
    op.drop_table("shadow_verdict")
