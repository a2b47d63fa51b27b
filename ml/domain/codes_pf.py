"""Finding codes of performance."""

from __future__ import annotations

from collections.abc import Mapping

from ml.domain.code import Code

UNABLE = "PF004"
"""The code of a version that could not score a batch; the finding's subject is its number."""

PERFORMANCE: Mapping[str, Code] = {
    "PF001": Code(
        "Metric fell",
        "A metric of the champion is worse than at its promotion: by 0.05 where it lives in 0 to 1, else by 5 %.",
        "Nothing at once: the policy decides whether it is enough to retrain. Look at the batch if it falls far.",
    ),
    "PF002": Code(
        "Metric not measurable",
        "A metric is not defined on the labelled rows of the batch, for example because only one class is among them.",
        "Nothing, if the batch is small; otherwise choose a metric that is defined on every batch.",
    ),
    "PF003": Code(
        "No figure at promotion",
        "The champion's promotion holds no value of the primary metric, so a fall cannot be told.",
        "Retrain once: a promotion by the gate records the metric.",
    ),
    UNABLE: Code(
        "A version in the shadow could not score",
        "A version that scores along, held or a former champion, cannot be loaded or cannot predict the batch. The "
        "champion scored it, and the others did; a hold does not wait for the batches that its version cannot score.",
        "Read what was seen: restore the model's file from a backup, or put back the libraries that it was trained "
        "with, and run the task again. Where that is no use, retrain: a forced retraining ends a hold.",
    ),
}
"""Every code of performance."""
