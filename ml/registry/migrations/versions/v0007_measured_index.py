"""What the console asks of observations and replays has an index.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MEASURED = sa.text("quantity <> 'column_drift'")


def upgrade() -> None:
    op.create_index(
        "ix_observation_measured",
        "observation",
        ["model", "quantity", "subject", "window_start"],
        sqlite_where=MEASURED,
        postgresql_where=MEASURED,
    )
    op.create_index("ix_replay_model_id", "replay", ["model", "id"])


def downgrade() -> None:
    op.drop_index("ix_replay_model_id", "replay")
    op.drop_index("ix_observation_measured", "observation")
