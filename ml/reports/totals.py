"""A summary in sentences."""

from __future__ import annotations

from ml.reports.tables import number
from ml.views.summary import Summary


def summary_text(summary: Summary, *, metric: str, against: str = "never retraining") -> str:
    """Say what a span of batches came to, a line a fact."""
    name = metric.replace("_", " ")
    stopped = f", {summary.stopped} stopped" if summary.stopped else ""
    rolled_back = f", {summary.rollbacks} rolled back" if summary.rollbacks else ""
    judged = f"{summary.promotions} promoted, {summary.rejections} rejected{rolled_back}"
    lines = [
        f"batches      {summary.batches}{stopped}",
        f"decisions    {_reasons(summary)}",
        f"retrainings  {summary.retrainings}: {judged}",
    ]
    if summary.mean_metric is None:
        lines.append(f"mean {name}: not known yet, no labelled batch was served")
    else:
        lines.append(f"mean {name} {number(summary.mean_metric)} over {summary.measured} labelled batches")
    if summary.own_mean is not None and summary.never_mean is not None:
        lines.append(
            f"against {against}: {number(summary.own_mean)} here, {number(summary.never_mean)} there, over the "
            f"{summary.compared} batches that both have"
        )
    return "\n".join(lines)


def _reasons(summary: Summary) -> str:
    return ", ".join(f"{count} × {reason}" for reason, count in summary.reasons.items()) or "none"
