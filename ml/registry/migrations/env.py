"""What Alembic runs around each migration: on the connection, and in the transaction, that it is given."""

from __future__ import annotations

from alembic import context

from ml.registry import tables


def run() -> None:
    """Run the migrations."""
    context.configure(connection=context.config.attributes["connection"], target_metadata=tables.ModelRow.metadata)
    with context.begin_transaction():
        context.run_migrations()


if __name__ == "env_py":  # the name under which Alembic loads this file; anybody else only imports it
    run()
