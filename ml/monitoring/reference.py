"""With which batches a batch is compared, where it is not compared with the champion's training rows."""

from __future__ import annotations

from collections.abc import Sequence

from ml.domain.windows import Window
from ml.specs.monitoring import FixedReference, LastReference, SeasonReference


def reference_batches(
    reference: FixedReference | SeasonReference | LastReference, window: Window, passed: Sequence[Window]
) -> tuple[Window, ...]:
    """Return the batches to compare ``window`` with, among those that passed validation; none may be left.

    Only batches that had ended when the window began are looked at, so that a backfill finds the same ones.
    """
    earlier = sorted(one for one in passed if one.end <= window.start)
    if isinstance(reference, LastReference):
        return tuple(earlier[-reference.batches :])
    if isinstance(reference, FixedReference):
        return tuple(one for one in earlier if reference.start <= one.start and one.end <= reference.end)
    season = window.start - reference.ago
    reach = reference.around * (window.end - window.start)
    return tuple(one for one in earlier if season - reach <= one.start <= season + reach)
