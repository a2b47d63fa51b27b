"""Which of many tests to believe: the false discovery rate of Benjamini and Hochberg (1995)."""

from __future__ import annotations

from collections.abc import Sequence


def believable(p_values: Sequence[float], rate: float) -> float:
    """Return the p-value up to which tests are believed; below 0 if none is.

    Of what is believed, at most ``rate`` is false on average. Where nothing is true, the chance to believe anything at
    all is at most ``rate``, however many tests there are: that is the level of the check of a whole table. Holds for
    independent tests and for those that tend to be wrong together (Benjamini and Yekutieli 2001).
    """
    ordered = sorted(p_values)
    passed = [p for rank, p in enumerate(ordered, 1) if p <= rate * rank / len(ordered)]
    return passed[-1] if passed else -1.0
