"""Every record has its event in the model's chain of custody.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
KINDS = (
    "anchor",
    "spec",
    "schema",
    "snapshot",
    "labels",
    "findings",
    "validation",
    "scored",
    "observed",
    "decision",
    "training",
    "verdict",
    "refit",
    "approval",
    "promotion",
    "rejection",
    "rollback",
    "report",
    "replay",
    "erasure",
)


def upgrade() -> None:
    kinds = ", ".join(f"'{kind}'" for kind in KINDS)
    op.create_table(
        "event",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("as_of", MOMENT, nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("before_sha256", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(f"kind IN ({kinds})", name=op.f("ck_event_kind")),
        sa.CheckConstraint("number >= 1 AND rows >= 0", name=op.f("ck_event_counts")),
        sa.ForeignKeyConstraint(["model"], ["model.name"], name=op.f("fk_event_model")),
        sa.PrimaryKeyConstraint("model", "number", name=op.f("pk_event")),
        sqlite_with_rowid=False,
    )
    _forbid_changes()


def _forbid_changes() -> None:
    """The database itself refuses to change or delete an event."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON event "
            "FOR EACH ROW EXECUTE FUNCTION evergreen_append_only()"
        )
        op.execute(
            "CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON event "
            "FOR EACH STATEMENT EXECUTE FUNCTION evergreen_append_only()"
        )
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER event_append_only_{act.lower()} BEFORE {act} ON event "
            "BEGIN SELECT RAISE(ABORT, 'event is append-only'); END"
        )


def downgrade() -> None:
    op.drop_table("event")
