"""A decision may ask for a gain.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("decision", sa.Column("least_gain", sa.Double(), nullable=True))


def downgrade() -> None:
    op.drop_column("decision", "least_gain")
