"""The watch over a new champion: which batches it is compared on with the one that it beat, and when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ml.domain.records import Act, Promotion
from ml.domain.windows import Window

_PREFIX = "watch-"


def watch_key(generation: int) -> str:
    """Return the run key of the rollback that the watch over a promotion may end in: there is at most one."""
    return f"{_PREFIX}{generation}"


def is_automatic(promotion: Promotion) -> bool:
    """Tell whether a change of champion is a rollback by the watch, and not by a person."""
    return promotion.act is Act.ROLLBACK and promotion.run_key.startswith(_PREFIX)


def batches_of_look(
    arrived: Iterable[tuple[Window, datetime]], *, since: datetime, now: datetime, most: int, looked: datetime | None
) -> tuple[Window, ...]:
    """Return the batches to compare on at ``now``, in order; none if there is nothing new to look at.

    ``arrived`` says of a batch that both champions scored when labels of it came, perhaps more than once; ``looked`` is
    when the last look was taken, None before the first. The first ``most`` batches from ``since`` on count, as far as
    they have labels. There is a look whenever they are more than at the last one, and so never more than ``most``
    looks, in whatever order labels come and however often they are corrected. A look that was left out is made up for
    by the next one.
    """
    first: dict[Window, datetime] = {}
    for window, moment in arrived:
        if window.start >= since and moment <= now:
            first[window] = min(moment, first.get(window, moment))
    before = 0 if looked is None else sum(moment <= looked for moment in first.values())
    if before >= most or before == len(first):
        return ()
    return tuple(sorted(first)[:most])


def is_over(arrived: Iterable[tuple[Window, datetime]], *, looked: datetime | None, most: int) -> bool:
    """Tell whether the last look was at ``most`` batches already; reads no more of ``arrived`` than it must."""
    seen: set[Window] = set()
    if looked is None:
        return False
    for window, moment in arrived:
        if moment <= looked:
            seen.add(window)
        if len(seen) >= most:
            return True
    return False
