"""Rows can be erased on request: the request, its tombstones, its end.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
TABLES = ("erasure", "tombstone", "erasure_end")


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("keys", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("rows >= 1", name=op.f("ck_erasure_rows")),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_erasure_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
    )
    op.create_index("ix_erasure_model_id", "erasure", ["model", "id"])
    op.create_table(
        "tombstone",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("erasure_id", NUMBER, nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("window_start", MOMENT, nullable=True),
        sa.Column("window_end", MOMENT, nullable=True),
        sa.Column("old_sha256", sa.Text(), nullable=False),
        sa.Column("new_sha256", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("rows >= 1", name=op.f("ck_tombstone_rows")),
        sa.CheckConstraint(
            "record IN ('snapshot', 'validation', 'scoring', 'version')", name=op.f("ck_tombstone_record")
        ),
        sa.CheckConstraint("(window_start IS NULL) = (window_end IS NULL)", name=op.f("ck_tombstone_window")),
        sa.CheckConstraint("old_sha256 <> new_sha256", name=op.f("ck_tombstone_digests")),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_tombstone_model")),
        sa.ForeignKeyConstraint(["erasure_id"], ["erasure.id"], name=op.f("fk_tombstone_erasure_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tombstone")),
    )
    op.create_index("ix_tombstone_model_record_key", "tombstone", ["model", "record", "key"])
    op.create_index("ix_tombstone_erasure_id", "tombstone", ["erasure_id"])
    op.create_index("ix_tombstone_old_sha256", "tombstone", ["old_sha256"])
    op.create_table(
        "erasure_end",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("erasure_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("removed >= 0", name=op.f("ck_erasure_end_removed")),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_erasure_end_model")),
        sa.ForeignKeyConstraint(["erasure_id"], ["erasure.id"], name=op.f("fk_erasure_end_erasure_id")),
        sa.PrimaryKeyConstraint("erasure_id", name=op.f("pk_erasure_end")),
    )
    for table in TABLES:
        _forbid_changes(table)


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
    for table in reversed(TABLES):
        op.drop_table(table)
