"""The write side of our database: tables, transactions, migrations. Only here are records written."""

from ml.registry.custody.live import Live
from ml.registry.erasures import Reference
from ml.registry.records import Batch, RecordedFinding, Report
from ml.registry.registry import Reader, Registry, Writer

__all__ = ["Batch", "Live", "Reader", "RecordedFinding", "Reference", "Registry", "Report", "Writer"]
