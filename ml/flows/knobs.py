"""Which numbers of a policy can be tuned, and between which values: one explicit table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ml.domain.errors import SpecError
from ml.specs.policy import PolicySpec
from ml.specs.rules import COMBINATIONS, AtLeast


@dataclass(frozen=True, slots=True)
class Knob:
    """A number of a rule and the values that are searched, ends included; whole if they are.

    ``log`` searches its order of magnitude, ``tail`` that of what is left to 1. ``only`` names a field and the value
    that it must have for the number to matter. A number that a rule leaves out is not tuned.
    """

    field: str
    low: float
    high: float
    log: bool = False
    tail: bool = False
    only: tuple[str, str] | None = None


KNOBS: Mapping[str, tuple[Knob, ...]] = {
    "schedule": (Knob("every", 1, 60, log=True),),
    "new_rows": (Knob("share", 0.01, 3.0, log=True), Knob("rows", 50, 1_000_000, log=True)),
    "drift": (Knob("share", 0.05, 1.0), Knob("distance", 0.01, 1.0, log=True)),
    "performance": (Knob("drop", 0.002, 0.3, log=True), Knob("confidence", 0.6, 0.999, tail=True)),
    "estimated_performance": (Knob("drop", 0.002, 0.3, log=True),),
    "change_point": (Knob("confidence", 0.6, 0.99999, tail=True),),
    "adaptive": (
        Knob("quantile", 0.55, 0.99, tail=True, only=("method", "quantile")),
        Knob("deviation", 0.01, 1.0, log=True, only=("method", "rolling_mean")),
        Knob("window", 5, 60, log=True),
    ),
}
"""By kind of rule. What stands around the rules (cooldown, budget, costs …) is the user's word and stays."""

STARTS: Mapping[str, Mapping[str, Any]] = {
    **{kind: {"kind": kind} for kind in KNOBS},
    "schedule": {"kind": "schedule", "every": 10},
    "new_rows": {"kind": "new_rows", "share": 0.2},
}
"""The rule of a kind that tuning starts from, where nobody gives another."""

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """A knob of one rule in a policy's tree, with its value there."""

    place: Place
    knob: Knob
    value: float

    @property
    def name(self) -> str:
        """The place in words: ``when.of[0].drop``."""
        return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.place).lstrip(".")


def knobs_of(policy: PolicySpec) -> tuple[Placed, ...]:
    """Return what can be tuned in a policy.

    Raises:
        SpecError: nothing can.
    """
    found = tuple(_in_rule(policy.when, ("when",)))
    if not found:
        raise SpecError(
            f"The policy's rule ({policy.when.kind}) has no number that can be tuned.",
            remedy=f"give a policy with one of these rules: {', '.join(KNOBS)}.",
        )
    return found


def _in_rule(rule: Any, place: Place) -> Iterator[Placed]:
    if isinstance(rule, AtLeast):
        yield Placed((*place, "k"), Knob("k", 1, len(rule.of)), rule.k)
    if isinstance(rule, COMBINATIONS):
        for number, child in enumerate(rule.of):
            yield from _in_rule(child, (*place, "of", number))
        return
    for knob in KNOBS.get(rule.kind, ()):
        value = getattr(rule, knob.field)
        if value is None or (knob.only is not None and getattr(rule, knob.only[0]) != knob.only[1]):
            continue
        least = max(knob.low, getattr(rule, "min_values", knob.low)) if knob.field == "window" else knob.low
        yield Placed((*place, knob.field), replace(knob, low=least), value)


def turned(policy: PolicySpec, values: Mapping[Place, float]) -> PolicySpec:
    """Return the policy with other values at some places."""
    document: Any = policy.model_dump(mode="json")
    for place, value in values.items():
        holder = document
        for part in place[:-1]:
            holder = holder[part]
        holder[place[-1]] = value
    return PolicySpec.model_validate(document)


def start_of(kind: str, policy: PolicySpec) -> PolicySpec:
    """Return the policy with one rule of a kind in place of its own.

    Raises:
        SpecError: no rule of that kind can be tuned.
    """
    if kind not in STARTS:
        raise SpecError(
            f"There is nothing to tune in a rule of kind {kind!r}.", remedy=f"choose one of {', '.join(STARTS)}."
        )
    document = {**policy.model_dump(mode="json"), "when": dict(STARTS[kind])}
    return PolicySpec.model_validate(document)
