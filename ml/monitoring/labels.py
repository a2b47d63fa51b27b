"""Label maturity: of which batches the labels are to be read now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ml.domain.windows import Window


@dataclass(frozen=True, slots=True)
class BatchLabels:
    """How far the labels of one batch have come; ``labelled`` is None if nothing was ever read."""

    window: Window
    rows: int
    labelled: int | None

    @property
    def complete(self) -> bool:
        """Whether every row has its label."""
        return self.labelled is not None and self.labelled >= self.rows


def windows_due(
    batches: Iterable[BatchLabels], *, delay: timedelta, patience: timedelta, as_of: datetime
) -> tuple[Window, ...]:
    """Return the batches whose labels may be seen at ``as_of`` and are still worth reading, in time order.

    No batch is due before its end plus ``delay``. From then on it is due until it is complete, but not longer than
    ``patience``; one that was never read is due however late it is.
    """
    due = []
    for batch in batches:
        waited = as_of - batch.window.end - delay
        if waited < timedelta(0) or batch.complete:
            continue
        if batch.labelled is None or waited <= patience:
            due.append(batch.window)
    return tuple(sorted(due))
