"""Finding codes of drift."""

from __future__ import annotations

from collections.abc import Mapping

from ml.domain.code import Code

DRIFT: Mapping[str, Code] = {
    "DR001": Code(
        "Feature drifted",
        "The feature's distribution in the batch differs from the reference by more than chance, and by at least "
        "monitoring.drift.threshold; or its share of missing values moved by monitoring.drift.missing.",
        "Look at the column's source; drift of a feature alone is a weak reason to retrain.",
    ),
    "DR002": Code(
        "Many features drifted",
        "The share of drifted features, by how much the champion uses each, reached monitoring.drift_share.",
        "Check the source for a changed unit, join or filter before anything is retrained on such rows.",
    ),
    "DR003": Code(
        "Drift not testable",
        "The column is missing, always the same, has too few values, or was profiled with other bins.",
        "Nothing, if the column is meant to be so; otherwise mend the source or take the column out of features.",
    ),
    "DR004": Code(
        "Predictions drifted",
        "The champion's predictions on the batch differ in distribution from those on the rows it was judged on.",
        "Compare with the drift of features and, once labels are there, with performance.",
    ),
    "DR005": Code(
        "Target drifted",
        "The labels that arrived differ in distribution from those that the champion was trained on.",
        "Expect the metric to move; look at performance before retraining.",
    ),
    "DR006": Code(
        "The report could not be built",
        "Evidently's HTML page of the batch is missing; all that was measured is recorded all the same.",
        "Look at the reason; build it again with `evergreen report` once it is gone.",
    ),
    "DR007": Code(
        "The features have drifted together",
        "A classifier tells the batch's rows from the champion's training rows; no single column need have drifted.",
        "Look for a changed relation between features: a unit, a join, a rule that ties one to another.",
    ),
    "DR008": Code(
        "No reference",
        "No batch that monitoring.drift.reference names is there yet, so the features were not compared.",
        "Nothing in a model's first season; otherwise correct monitoring.drift.reference.",
    ),
    "DR009": Code(
        "A relation between features changed",
        "Two features go together otherwise than in the reference, by more than chance, and by at least "
        "monitoring.drift.association; neither need have drifted alone.",
        "Look for a changed unit, join or rule that ties one to the other; models rest on such relations.",
    ),
}
"""Every code of drift."""
