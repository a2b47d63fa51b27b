"""Codes of the promotion gate: what a challenger must show."""

from __future__ import annotations

from collections.abc import Mapping

from ml.domain.code import Code

PAYS = "PG007"
"""The check that a challenger gained what its decision asked for; the only one that says nothing against it."""

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
        meaning="With gate.comparison non_inferior: the challenger is worse than the champion by more than "
        "gate.margin, beyond chance. With gate.unsure promote it is blocked if that is shown, and every earlier "
        "attempt on overlapping rows lowers what is asked for; with gate.unsure keep unless the contrary is shown.",
        remedy="Look at what changed in the rows it learned from: drift, a corrupted batch, a training window "
        "that is too short. With gate.unsure keep, more held-out rows or a larger gate.margin decide more.",
    ),
    "PG004": Code(
        title="Better than the champion",
        meaning="With gate.comparison superior: the gain over the champion must be above gate.margin beyond chance, "
        "at a level that rises with every earlier attempt on overlapping rows, and is not.",
        remedy="For routine retraining use gate.comparison non_inferior; else wait for more held-out rows or "
        "improve the challenger.",
    ),
    "PG005": Code(
        title="Better than a constant",
        meaning="A model's first version must be better, beyond chance, than always predicting the same: the "
        "shares of the classes, the mean or the median of its training rows. For a later one that is not, this is a "
        "warning: the champion may be no better.",
        remedy="Check that the features are known before the target and that the target is the right column; "
        "add features or rows.",
    ),
    "PG006": Code(
        title="Floor held",
        meaning="A metric named under gate.floors is worse than the worst value that the challenger may have, "
        "or cannot be computed.",
        remedy="Improve the challenger, or change the floor if it asks for more than these data can give.",
    ),
    PAYS: Code(
        title="Gain pays for going live",
        meaning="The decision asked for a least gain: the challenger was trained to see whether a retraining pays, "
        "and its gain over the champion on the held-out rows is smaller.",
        remedy="Nothing is wrong with the challenger: going live would cost more than it gains, so the champion stays. "
        "Retrain by hand if it should go live all the same, or correct policy.costs if the prices are wrong.",
    ),
    "PG008": Code(
        title="Not worse than the best champion so far",
        meaning="The challenger stands beside the present champion but is worse, by more than gate.margin and beyond "
        "chance, than an earlier champion that no later one has surely surpassed. So a row of challengers, each a "
        "little worse than the one before, cannot walk the metric down. It is a warning if the challenger is surely "
        "better than the present champion.",
        remedy="Compare the two with: evergreen history MODEL. If the earlier champion is better on today's rows, roll "
        "back to it.",
    ),
    "PG009": Code(
        title="No part of the rows got worse",
        meaning="On a part of the held-out rows the challenger lost more than gate.slices.margin against the champion, "
        "beyond chance and with the false discovery rate held over all parts. Parts are the values of "
        "gate.slices.columns, and what shallow trees propose on the other half of the rows.",
        remedy="Look at the rows of the part: a corrupted source, a category that lost its rows, a training window "
        "that is too short for it. If the loss is wanted, name PG009 in gate.override or widen gate.slices.margin.",
    ),
    "PG010": Code(
        title="Groups are treated alike",
        meaning="The metric of gate.fairness differs between two groups of its column by more than the limit, or "
        "cannot be compared.",
        remedy="Look at how many rows of each group were learned from, and at features that stand for the group. Which "
        "measure is right is not a question of statistics: see docs/gate.md.",
    ),
    "PG011": Code(
        title="Probabilities can be believed",
        meaning="The Brier score or the expected calibration error is surely worse than the champion's by more than "
        "gate.calibration.margin, or the latter is above gate.calibration.max_error.",
        remedy="Use an estimator with better probabilities (logistic regression, or more rows for boosting), or a "
        "longer training window.",
    ),
    "PG012": Code(
        title="Finite predictions for what it has never seen",
        meaning="The challenger fails, or gives something that is no number, for a row without any value, with unknown "
        "categories, or with numbers far beyond those that it learned from.",
        remedy="Choose an estimator that bears it; a model that serves will see such rows.",
    ),
    "PG013": Code(
        title="Not too slow, not too large",
        meaning="Predicting one batch took longer than gate.limits.milliseconds, or the stored model is larger than "
        "gate.limits.megabytes.",
        remedy="Choose fewer or smaller trees in training.candidates, or raise the limit.",
    ),
    "PG014": Code(
        title="The same inputs, the same outputs",
        meaning="The challenger takes other features than the model's schema, or in another order. That it gives no "
        "probability for a label which the champion knows is a warning.",
        remedy="Train again under today's spec. A label that is missing had no row in the training window: widen it.",
    ),
    "PG015": Code(
        title="Nothing of the answer was known beforehand",
        meaning="Training rows are as new as held-out ones. Or, as a warning on a model's first version: one feature "
        "alone predicts almost perfectly, as one does that is only filled in after the fact.",
        remedy="Ask when the feature is known; if only after the target, name it in features.exclude.",
    ),
}

AFTER: Mapping[str, Code] = {
    "PG016": Code(
        title="Not worse than the champion it beat",
        meaning="With gate.watch the beaten champion goes on scoring in the shadow. On the first labelled batches "
        "since the promotion the new champion is worse than it by more than gate.margin, beyond chance, at a level "
        "that holds over all looks together. Every look leaves this finding, also if all is well.",
        remedy="With gate.watch.rollback the beaten champion serves again already. Look at what the rows after the "
        "promotion have that the held-out ones had not: a change that came and went, a corrupted batch, late labels.",
    ),
    "PG017": Code(
        title="Stood its time in the shadow",
        meaning="With gate.shadow a challenger that passed the gate is held: it scores along, and on the first "
        "labelled batches after its training it is compared with the champion once more, by the gate's own test. "
        "Failed: the champion stays. Where the rows cannot tell, gate.unsure says what follows. What passed leaves "
        "this finding too.",
        remedy="Nothing is wrong with the champion. Look at what the rows in the shadow have that the held-out ones "
        "had not. If they could not tell: raise gate.shadow, lower gate.min_rows, or find out why labels did not come.",
    ),
}
"""What is asked of a version beside its gate, on later rows; nothing can override it."""
