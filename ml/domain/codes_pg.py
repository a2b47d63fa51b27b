"""Codes of the promotion gate: what a challenger must show."""

from __future__ import annotations

from collections.abc import Mapping

from ml.domain.code import Code

GATE: Mapping[str, Code] = {
    "PG001": Code(
        title="Enough held-out rows",
        meaning="Challenger and champion are compared on labelled rows newer than anything either was trained "
        "on. With fewer than "
        "gate.min_rows of them no difference could be told from chance, so the champion stays.",
        remedy="Wait for more labelled rows, raise gate.holdout or time.batch, or lower gate.min_rows.",
    ),
    "PG002": Code(
        title="Primary metric can be computed",
        meaning="The primary metric is not defined on the held-out rows for the challenger, or for what it is "
        "compared with: for example "
        "roc_auc where all rows have one label.",
        remedy="Wait for rows of more labels, or choose a metric that is defined there, such as accuracy.",
    ),
    "PG003": Code(
        title="Not worse than the champion",
        meaning="With gate.comparison non_inferior: the paired bootstrap interval of the gain over the "
        "champion lies wholly below "
        "-gate.margin, so the challenger is worse beyond chance and beyond what matters.",
        remedy="Look at what changed in the rows it learned from: drift, a corrupted batch, a training window "
        "that is too short.",
    ),
    "PG004": Code(
        title="Better than the champion",
        meaning="With gate.comparison superior: the paired bootstrap interval of the gain over the champion "
        "must lie wholly above "
        "gate.margin, and does not.",
        remedy="For routine retraining use gate.comparison non_inferior; else wait for more held-out rows or "
        "improve the challenger.",
    ),
    "PG005": Code(
        title="First version beats a constant",
        meaning="A model's first version must be better, beyond chance, than always predicting the same: the "
        "shares of the classes, the "
        "mean or the median of its training rows.",
        remedy="Check that the features are known before the target and that the target is the right column; "
        "add features or rows.",
    ),
    "PG006": Code(
        title="Floor held",
        meaning="A metric named under gate.floors is worse than the worst value that the challenger may have, "
        "or cannot be computed.",
        remedy="Improve the challenger, or change the floor if it asks for more than these data can give.",
    ),
    "PG007": Code(
        title="Gain pays for going live",
        meaning="The decision asked for a least gain: the challenger was trained to see whether a retraining pays, "
        "and its gain over the champion on the held-out rows is smaller.",
        remedy="Nothing is wrong with the challenger: going live would cost more than it gains, so the champion stays. "
        "Retrain by hand if it should go live all the same, or correct policy.costs if the prices are wrong.",
    ),
}
