"""Profiles are stored beside their batches, and their layout is frozen with the schema.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("table_schema", sa.Column("layout_sha256", sa.Text(), nullable=True))
    op.add_column("validation", sa.Column("profile_sha256", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("validation", "profile_sha256")
    op.drop_column("table_schema", "layout_sha256")
