"""The only place that imports Evidently: its HTML report, and its own statistical tests as the standard for ours.

Importing Evidently takes 5 seconds of CPU, so it happens inside the functions and nothing imports this module lightly.
Run as a program, it builds one page under limits: ``python -m ml.monitoring.evidently_adapter FOLDER``.
"""

from __future__ import annotations

import html
import json
import resource
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from ml.domain.errors import DataError
from ml.monitoring.measures import MEASURES
from ml.monitoring.values import NoValuesError, values_of
from ml.specs.monitoring import DriftSpec

REFERENCE, CURRENT, ASKED, PAGE = "reference.parquet", "current.parquet", "asked.json", "page.html"
"""The files of the folder that the program is given, and the one that it leaves there."""


def html_report(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    *,
    numeric: Sequence[str],
    categorical: Sequence[str],
    title: str,
    spec: DriftSpec | None = None,
    drift_share: float = 0.5,
) -> bytes:
    """Build Evidently's data drift report of two samples as one HTML page that needs no network.

    Its methods and thresholds are those of ``spec``; it knows no evidence beside them, and calls more columns drifted
    than we do. Columns that cannot be tested are left out, since one of them would abort Evidently's report.

    Raises:
        DataError: no column can be tested.
    """
    spec = spec or DriftSpec()
    sides = (reference, current)
    numbers = [name for name in numeric if _can_be_tested(sides, name, numeric=True, least=spec.min_rows)]
    texts = [name for name in categorical if _can_be_tested(sides, name, numeric=False, least=spec.min_rows)]
    if not numbers and not texts:
        raise DataError(
            f"No column of {title!r} can be tested for drift, so there is nothing to report.",
            remedy="see the findings DR003 of the batch for the reason of each column.",
        )
    past, now = (_plain(frame, numbers, texts) for frame in sides)
    return _titled(_render(past, now, numbers=numbers, texts=texts, spec=spec, drift_share=drift_share), title).encode()


def evidently_score(
    reference: pd.Series, current: pd.Series, *, method: str, numeric: bool, threshold: float
) -> tuple[float, bool]:
    """Return Evidently's own score of one column, and whether it calls that drift.

    The contract suite holds ``ml.monitoring.measures`` to these values. Neither side may have missing values.
    """
    with _quiet():
        from evidently.legacy.calculations.stattests.registry import get_registered_stattest
        from evidently.legacy.core import ColumnType

        kind = ColumnType.Numerical if numeric else ColumnType.Categorical
        # Copies: some of Evidently's tests drop missing values in place.
        result = get_registered_stattest(method, kind)(reference.copy(), current.copy(), kind, threshold)
    return float(result.drift_score), bool(result.drifted)


def _can_be_tested(sides: tuple[pd.DataFrame, pd.DataFrame], name: str, *, numeric: bool, least: int) -> bool:
    seen: set[object] = set()
    for frame in sides:
        if list(frame.columns).count(name) != 1:
            return False
        try:
            values = values_of(frame[name], numeric=numeric)
        except NoValuesError:
            return False
        if values.size < least:
            return False
        seen.update(pd.unique(values)[:2])
    return len(seen) > 1


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

        (numeric, least_number), (categorical, least_text) = (
            _evidentlys(method, spec) for method in (spec.numeric, spec.categorical)
        )
        preset = DataDriftPreset(
            drift_share=drift_share,
            num_method=numeric,
            cat_method=categorical,
            num_threshold=least_number,
            cat_threshold=least_text,
        )
        definition = DataDefinition(numerical_columns=numbers, categorical_columns=texts)
        datasets = [Dataset.from_pandas(frame, data_definition=definition) for frame in (now, past)]
        return str(Report([preset], include_tests=False).run(*datasets).get_html_str(as_iframe=False))


def _evidentlys(method: str, spec: DriftSpec) -> tuple[str, float]:
    """Return Evidently's method and its threshold; it has no L-infinity, total variation is next to it."""
    if method == "linf":
        return "TVD", spec.alpha
    return method, spec.threshold if MEASURES[method].p_value is None else spec.alpha


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


def main(folder: Path) -> int:
    """Build the page that a folder asks for; the exit code is 0 if it is there."""
    asked = json.loads((folder / ASKED).read_text())
    limit = int(asked.pop("memory_bytes"))
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    try:
        page = html_report(
            pd.read_parquet(folder / REFERENCE),
            pd.read_parquet(folder / CURRENT),
            spec=DriftSpec.model_validate_json(json.dumps(asked.pop("spec"))),
            **asked,
        )
    except DataError as error:
        sys.stderr.write(error.message)
        return 1
    (folder / PAGE).write_bytes(page)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
