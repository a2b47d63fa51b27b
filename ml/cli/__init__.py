"""The command line: every flow, and what a person asks of the records. Heavy imports wait until they are needed."""

from __future__ import annotations

import gc
from collections.abc import Sequence

_COLLECT_AFTER = 100_000
"""New objects until the collector looks at them, instead of 700: imports make many that stay, a batch many that die at
once, and hardly one of them is garbage that only the collector finds."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the console script ``evergreen``; leaves by ``SystemExit`` with one of the documented exit codes."""
    gc.set_threshold(_COLLECT_AFTER)
    from ml.cli.app import run

    run(argv)


__all__ = ["main"]
