"""The only place that imports Evidently: its HTML report, and its own statistical tests as the standard for ours.

Importing Evidently takes 5 seconds of CPU, so it happens inside the functions and nothing imports this module lightly.
"""

from __future__ import annotations

import html
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pandas as pd

from ml.domain.errors import DataError
from ml.monitoring.drift import measure_drift
from ml.monitoring.values import values_of
from ml.specs.monitoring import DriftSpec


def html_report(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    *,
    numeric: Sequence[str],
    categorical: Sequence[str],
    title: str,
    spec: DriftSpec | None = None,
    drift_share: float = 0.5,
    seed: int = 0,
) -> bytes:
    """Build Evidently's data drift report as one HTML page that needs no network.

    Methods, thresholds and the bounded samples are those of ``spec``, so that the page shows what was recorded. Columns
    that cannot be tested are left out, since one of them would abort Evidently's report; DR003 names them.

    Raises:
        DataError: no column can be tested.
    """
    spec = spec or DriftSpec()
    drifts = measure_drift(reference, current, numeric=numeric, categorical=categorical, spec=spec, seed=seed)
    tested = {drift.column for drift in drifts if drift.score is not None}
    if not tested:
        raise DataError(
            f"No column of {title!r} can be tested for drift, so there is nothing to report.",
            remedy="see the findings DR003 of the batch for the reason of each column.",
        )
    numbers = [name for name in numeric if name in tested]
    texts = [name for name in categorical if name in tested]
    past, now = (_plain(bounded_sample(frame, spec.sample, seed), numbers, texts) for frame in (reference, current))
    return _titled(_render(past, now, numbers=numbers, texts=texts, spec=spec, drift_share=drift_share), title).encode()


def evidently_score(
    reference: pd.Series, current: pd.Series, *, method: str, numeric: bool, threshold: float
) -> tuple[float, bool]:
    """Return Evidently's own score of one column, and whether it calls that drift.

    The contract suite holds ``ml.monitoring.distances`` to these values. Neither side may have missing values.
    """
    with _quiet():
        from evidently.legacy.calculations.stattests.registry import get_registered_stattest
        from evidently.legacy.core import ColumnType

        kind = ColumnType.Numerical if numeric else ColumnType.Categorical
        # Copies: some of Evidently's tests drop missing values in place.
        result = get_registered_stattest(method, kind)(reference.copy(), current.copy(), kind, threshold)
    return float(result.drift_score), bool(result.drifted)


def _render(
    past: pd.DataFrame,
    now: pd.DataFrame,
    *,
    numbers: list[str],
    texts: list[str],
    spec: DriftSpec,
    drift_share: float,
) -> str:
    with _quiet():
        from evidently import DataDefinition, Dataset, Report
        from evidently.presets import DataDriftPreset

        preset = DataDriftPreset(
            drift_share=drift_share,
            num_method=spec.numeric,
            cat_method=spec.categorical,
            num_threshold=spec.threshold,
            cat_threshold=spec.threshold,
        )
        definition = DataDefinition(numerical_columns=numbers, categorical_columns=texts)
        datasets = [Dataset.from_pandas(frame, data_definition=definition) for frame in (now, past)]
        return str(Report([preset], include_tests=False).run(*datasets).get_html_str(as_iframe=False))


def _plain(frame: pd.DataFrame, numbers: list[str], texts: list[str]) -> pd.DataFrame:
    """Keep the values of the tested columns; missing ones move to the end, where only whole rows would miss them."""
    columns = {name: pd.Series(values_of(frame[name], numeric=True)) for name in numbers}
    columns |= {name: pd.Series(values_of(frame[name], numeric=False), dtype=object) for name in texts}
    return pd.DataFrame(columns)


def _titled(page: str, title: str) -> str:
    """Evidently's page has no title."""
    return page.replace("<head>", f"<head><title>{html.escape(title)}</title>", 1)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence warnings: Evidently's imports and charts give many, none about our rows, which are checked before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
