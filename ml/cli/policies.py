"""Policies and costs as they are given on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ml.domain.errors import SpecError

if TYPE_CHECKING:
    from ml.specs import ModelSpec
    from ml.specs.policy import Costs, PolicySpec

NEVER = "never"
_WHAT_IF = "--what-if"


def with_policy(spec: ModelSpec, policy: str) -> ModelSpec:
    """Return the spec under another policy: ``never``, or the only one of a YAML file.

    Raises:
        SpecError: the file cannot be read, has errors, or holds several policies.
    """
    return spec.model_copy(update={"policy": one_policy(policy, spec)})


def one_policy(policy: str, spec: ModelSpec) -> PolicySpec:
    """Return the policy that an option names; errors as for :func:`with_policy`."""
    from ml.specs.policies import load_policies
    from ml.specs.policy import PolicySpec

    if policy == NEVER:
        return PolicySpec.model_validate({"when": {"kind": NEVER}})
    found = load_policies(Path(policy), spec=spec)
    if len(found) != 1:
        raise SpecError(
            f"{policy} holds {len(found)} policies: {', '.join(found)}; one is needed here.",
            remedy="put it into a file of its own.",
        )
    return next(iter(found.values()))


def named_policies(files: Sequence[Path], spec: ModelSpec) -> dict[str, PolicySpec]:
    """Return the policies of all files by name.

    Raises:
        SpecError: a file has errors, or a name stands twice or is taken.
    """
    from ml.flows.replay import refuse_taken
    from ml.specs.policies import load_policies

    found: dict[str, PolicySpec] = {}
    places: dict[str, Path] = {}
    for path in files:
        loaded = load_policies(path, spec=spec)
        refuse_taken(loaded, source=str(path))
        for name, policy in loaded.items():
            if name in found:
                raise SpecError(
                    f"Two policies have the name {name!r}, one in {places[name]} and one in {path}.",
                    remedy="give each a name of its own: that of its file, or that under which it stands in it.",
                )
            found[name], places[name] = policy, path
    return found


def costs_of(text: str, spec: ModelSpec) -> Costs:
    """Return the spec's costs with those that ``error=2,training=500`` names.

    Raises:
        SpecError: a name or a value cannot be used; the message says which are accepted.
    """
    from ml.specs.policies import changed_costs
    from ml.specs.policy import Costs

    values: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = (piece.strip() for piece in part.partition("="))
        try:
            if name in values:
                raise ValueError
            values[name] = float(value)
        except ValueError:
            raise SpecError(
                f"{_WHAT_IF} cannot use {part.strip()!r}.",
                remedy=f"write NAME=NUMBER,… with each of {', '.join(Costs.model_fields)} at most once, for example "
                "error=2,training=500.",
            ) from None
    return changed_costs(spec.policy.costs, values, source=_WHAT_IF)
