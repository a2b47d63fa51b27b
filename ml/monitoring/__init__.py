"""What is watched between retrainings: drift, performance, and which labels are due."""

from ml.monitoring.drift import ColumnDrift, drift_share, measure_drift
from ml.monitoring.findings import drift_findings, drift_observations, no_reference
from ml.monitoring.labels import BatchLabels, windows_due
from ml.monitoring.performance import measure_performance, performance_findings
from ml.monitoring.reference import reference_batches

__all__ = [
    "BatchLabels",
    "ColumnDrift",
    "drift_findings",
    "drift_observations",
    "drift_share",
    "measure_drift",
    "measure_performance",
    "no_reference",
    "performance_findings",
    "reference_batches",
    "windows_due",
]
