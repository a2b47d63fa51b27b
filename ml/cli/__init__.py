"""The command line: every flow, and what a person asks of the records. Heavy imports wait until they are needed."""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> None:
    """Run the console script ``evergreen``; leaves by ``SystemExit`` with one of the documented exit codes."""
    from ml.cli.app import run

    run(argv)


__all__ = ["main"]
