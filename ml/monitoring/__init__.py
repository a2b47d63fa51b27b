"""What is watched between retrainings: drift, performance, and which labels are due."""

from ml.monitoring.drift import ColumnDrift, drift_share, measure_drift
from ml.monitoring.findings import drift_findings, drift_observations
from ml.monitoring.labels import BatchLabels, windows_due
from ml.monitoring.performance import measure_performance, performance_findings

__all__ = [
    "BatchLabels",
    "ColumnDrift",
    "drift_findings",
    "drift_observations",
    "drift_share",
    "measure_drift",
    "measure_performance",
    "performance_findings",
    "windows_due",
]
