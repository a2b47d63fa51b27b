"""What persons said about challengers, and an index of the challengers that are not settled.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
CHALLENGER = sa.text("stage = 'challenger'")


def upgrade() -> None:
    op.create_table(
        "approval",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("answer IN ('approved', 'rejected', 'expired')", name=op.f("ck_approval_answer")),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_approval_model")),
        sa.ForeignKeyConstraint(
            ["model", "version"], ["version.model", "version.version"], name=op.f("fk_approval_model_version")
        ),
        sa.PrimaryKeyConstraint("model", "version", name=op.f("pk_approval")),
    )
    op.create_index(
        "ix_version_unsettled",
        "version",
        ["model", "version"],
        sqlite_where=CHALLENGER,
        postgresql_where=CHALLENGER,
    )
    _forbid_changes()


def _forbid_changes() -> None:
    """The database itself refuses to change or delete an answer."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER approval_append_only BEFORE UPDATE OR DELETE ON approval "
            "FOR EACH ROW EXECUTE FUNCTION evergreen_append_only()"
        )
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER approval_append_only_{act.lower()} BEFORE {act} ON approval "
            "BEGIN SELECT RAISE(ABORT, 'approval is append-only'); END"
        )


def downgrade() -> None:
    op.drop_index("ix_version_unsettled", "version")
    op.drop_table("approval")
