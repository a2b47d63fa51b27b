"""A verdict says how it was tested.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("gate_result", sa.Column("evidence", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("gate_result", "evidence")
