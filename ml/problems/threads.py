"""How many threads the numeric libraries may use: one for small work, all for large."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

SMALL_CELLS = 1_000_000


def threads_for(cells: int) -> AbstractContextManager[Any]:
    """Return a context in which work on so many cells (rows by features) runs.

    Waking and joining threads costs more than it saves on a small table, much more when another process wants the
    cores; and scikit-learn writes the number of threads into some models, which would make the same model's bytes
    differ between machines.
    """
    return _libraries().limit(limits=1) if cells <= SMALL_CELLS else nullcontext()


@cache
def _libraries() -> Any:
    """Find the libraries, once: an estimator exists by now, so all that it computes with are loaded."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
