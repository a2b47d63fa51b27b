"""Policies in files of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml.domain.errors import SpecError
from ml.specs import ModelSpec, parse_spec
from ml.specs.policies import load_policies, parse_policies


@pytest.fixture(scope="module")
def spec() -> ModelSpec:
    return parse_spec(
        """
model: shop
problem: {kind: classification, target: returned}
source: {kind: file, path: shop.csv}
time: {column: ts, batch: 7d}
features: {columns: [price]}
"""
    )


@pytest.mark.parametrize(
    "text",
    ["when: {kind: never}", "policy: {when: {kind: never}}", "policy:\n  when:\n    kind: never\n", "cooldown: 3d"],
)
def test_one_policy_has_the_name_of_its_file(spec: ModelSpec, tmp_path: Path, text: str) -> None:
    path = tmp_path / "calm.yaml"
    path.write_text(text, encoding="utf-8")
    assert list(load_policies(path, spec=spec)) == ["calm"]


def test_several_stand_under_their_names_in_their_order(spec: ModelSpec) -> None:
    text = "b 2:\n  when: {kind: schedule, every: 3}\na:\n  policy: {when: {kind: never}, cooldown: 1w}\n"
    found = parse_policies(text, source="here", name="file", spec=spec)
    assert list(found) == ["b 2", "a"]
    assert found["a"].cooldown.days == 7


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "here holds no policy"),
        ("[1]", "here holds no policy"),
        ("never", "here holds no policy"),
        ("a: never", 'here:1: a: given "never"; accepted is a mapping of fields'),
        ("whn: {kind: never}", 'here:1: whn.kind: given "never"; there is no such field'),
        ("policy: {when: {kind: never}}\ncooldown: 3d", "here:1: policy: given"),
        ("when: {kind: never}\nwhen: {kind: drift}", "here:2: the field 'when' stands twice"),
        ("a:\n  when: {kind: performance, drop: -1}", "here:2: a.when.drop: given -1; accepted is more than 0"),
        ("a:\n  policy:\n    when: {kind: schedule}", "here:3: a.policy.when: give either every or cron"),
        ("'<x>': {when: {kind: never}}", "given '<x>' as a policy's name"),
        ("when: {kind: drift, weights: {colour: 1}}", "colour, whose drift is not measured"),
    ],
)
def test_errors_name_place_field_and_what_is_accepted(spec: ModelSpec, text: str, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_policies(text, source="here", name="file", spec=spec)
    assert said in str(caught.value)


def test_all_errors_come_at_once(spec: ModelSpec) -> None:
    with pytest.raises(SpecError, match="here: 2 errors in the policies") as caught:
        parse_policies("a:\n  cooldwn: 3d\nb:\n  min_labelled: x\n", source="here", name="file", spec=spec)
    assert "here:2: a.cooldwn" in str(caught.value)
    assert "here:4: b.min_labelled" in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(spec: ModelSpec, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"nowhere\.yaml"):
        load_policies(tmp_path / "nowhere.yaml", spec=spec)
    (tmp_path / "odd.yaml").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(SpecError, match="is not UTF-8"):
        load_policies(tmp_path / "odd.yaml", spec=spec)
