"""The measures of drift, by Evidently's names: one a file, all in this one list.

Each works on the shares of the two sides by bin. ``tests/contract/test_drift_measures.py`` holds every one to the value
that Evidently gives on the same bins.
"""

from collections.abc import Mapping

from ml.monitoring.measures.base import Measure
from ml.monitoring.measures.chisquare import CHISQUARE
from ml.monitoring.measures.hellinger import HELLINGER
from ml.monitoring.measures.jensenshannon import JENSENSHANNON
from ml.monitoring.measures.kl_div import KL_DIV
from ml.monitoring.measures.ks import KS
from ml.monitoring.measures.linf import LINF
from ml.monitoring.measures.psi import PSI
from ml.monitoring.measures.wasserstein import WASSERSTEIN

MEASURES: Mapping[str, Measure] = {
    one.name: one for one in (WASSERSTEIN, JENSENSHANNON, PSI, KS, CHISQUARE, LINF, KL_DIV, HELLINGER)
}
"""Every measure by its name."""

__all__ = ["MEASURES", "Measure"]
