"""What Airflow's pages say, made from the spec."""

import pytest
from evergreen_dags import text
from pydantic import TypeAdapter

from ml.specs import parse_spec
from ml.specs.policy import PolicySpec
from ml.specs.rules import Rule
from tests.dags.conftest import MINIMAL


def spec(*lines):
    return parse_spec(MINIMAL.format(model="orders") + "\n".join(lines))


def test_the_page_of_a_minimal_model():
    assert text.model_doc(spec('schedule: "@weekly"')).splitlines()[2:8] == [
        "- **Problem**: classification of `late`, judged by `accuracy`",
        "- **Rows**: files `orders/*.csv`; a batch is 1w",
        "- **Labels**: with the rows",
        "- **Schedule**: `@weekly` (UTC)",
        "- **Retrains**: when keeping the champion would cost more than a retraining; provided that at "
        "least 50 labelled rows are new and the wait after a rejected challenger is over",
        "- **Gate**: on the newest 30% of the batches, which it has not seen, a challenger may not be significantly "
        "worse than the champion",
    ]


def test_the_pages_link_each_other_and_name_the_owner():
    model = spec("owner: mia", "description: Late or not.")
    assert "(/dags/orders.retrain)" in text.model_doc(model)
    assert "(/dags/orders)" in text.retrain_doc(model)
    assert "Late or not." in text.model_doc(model)
    assert "mia" in text.retrain_doc(model)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (['schedule: "0 6 * * 1"', "start: 2026-01-05"], "`0 6 * * 1` (UTC), from 2026-01-05 on"),
        (['schedule: "@weekly"', "start: 2026-01-05", "end: 2026-02-01"], "from 2026-01-05 on, until 2026-02-01"),
        ([], "only by hand"),
    ],
)
def test_schedules(lines, words):
    assert words in text.schedule_words(spec(*lines))


def test_labels_of_their_own():
    model = spec("key: [id]", "labels: {delay: 14d, source: {kind: file, path: l.csv}}")
    assert text.labels_words(model) == "from files `l.csv`, 2w later"


def test_a_gate_with_everything():
    model = spec("gate: {comparison: superior, margin: 0.01, floors: {accuracy: 0.6}}")
    assert text.gate_words(model).endswith("must beat the champion by more than 0.01; `accuracy` no worse than 0.6")


RULES = [
    ({"kind": "schedule", "every": 1}, "at every batch"),
    ({"kind": "schedule", "every": 4}, "every 4 batches"),
    ({"kind": "new_rows", "rows": 500}, "when 500 labelled rows are new"),
    ({"kind": "new_rows", "share": 0.2}, "when labelled rows worth 20% of the training rows are new"),
    ({"kind": "drift"}, "when 50% of the features have drifted"),
    ({"kind": "drift", "of": "target"}, "when the target drifted"),
    ({"kind": "performance", "drop": 0.1, "relative": True}, "when the metric is worse by 10% than at promotion"),
    ({"kind": "schedule", "cron": "0 3 * * 1"}, "at the times of `0 3 * * 1` (UTC)"),
    ({"kind": "drift", "of": "predictions", "distance": 0.2}, "when the predictions drifted by 0.2"),
    (
        {"kind": "drift", "weights": {"a": 1.0}, "distance": 0.2},
        "when 50% of the features, by weight, have drifted by 0.2",
    ),
    (
        {"kind": "performance", "confidence": 0.95},
        "when the metric is worse by 0.05 than at promotion, beyond chance (0.95)",
    ),
    (
        {"kind": "estimated_performance"},
        "when the metric, estimated without labels, is worse by 0.05 than at promotion",
    ),
    ({"kind": "change_point"}, "when Page-Hinkley finds that the loss has risen"),
    ({"kind": "adaptive"}, "when the loss is above the 95% quantile of its past"),
    (
        {"kind": "adaptive", "of": "drift", "method": "rolling_mean"},
        "when the share of drifted features is 10% above the mean of its past",
    ),
    ({"kind": "cost"}, "when keeping the champion would cost more than a retraining"),
    ({"kind": "not", "of": {"kind": "drift"}}, "not (when 50% of the features have drifted)"),
    ({"kind": "manual"}, "when a person asks"),
    ({"kind": "never"}, "never"),
    (
        {"kind": "any", "of": [{"kind": "all", "of": [{"kind": "manual"}, {"kind": "never"}]}, {"kind": "drift"}]},
        "(when a person asks and never) or when 50% of the features have drifted",
    ),
    (
        {"kind": "at_least", "k": 1, "of": [{"kind": "manual"}, {"kind": "never"}]},
        "at least 1 of: when a person asks; never",
    ),
]


@pytest.mark.parametrize(("rule", "words"), RULES)
def test_rules_in_words(rule, words):
    assert text.rule_words(TypeAdapter(Rule).validate_python(rule)) == words


def test_every_rule_has_words():
    kinds = set(TypeAdapter(Rule).json_schema()["discriminator"]["mapping"])
    assert {rule["kind"] for rule, _ in RULES} | {"all"} == kinds


def test_guards_in_words():
    alone = {"when": {"kind": "never"}, "min_labelled": 0, "back_off": None}
    policy = PolicySpec.model_validate({**alone, "cooldown": "6w"})
    assert text.policy_words(policy) == "never; provided that the last retraining is 6w ago"
    assert text.policy_words(PolicySpec.model_validate(alone)) == "never"


def test_all_guards_in_words():
    policy = PolicySpec.model_validate(
        {
            "when": {"kind": "never"},
            "cooldown": "6w",
            "confirm": {"checks": 2, "of": 4},
            "budget": {"period": "30d", "retrainings": 3, "cost": 12.5},
            "veto": {"quarantined": 0.2, "labelled": 0.9},
        }
    )
    assert text.policy_words(policy) == (
        "never; provided that at least 50 labelled rows are new, the last retraining is 6w ago, the rules asked in 2 "
        "of the last 4 checks, at most 3 retrainings and retrainings for at most 12.5 fall into 30d, less than 20% of "
        "the batch is quarantined and the newest labelled batch has 90% of its labels and the wait after a rejected "
        "challenger is over"
    )
