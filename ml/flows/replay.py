"""replay: play policies over a model's past, with production's own code, before one of them is switched on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from ml.domain.digests import digest_of
from ml.domain.errors import SpecError
from ml.domain.records import Decision
from ml.flows.cells import Cells
from ml.flows.fill import fill
from ml.flows.past import gather_past
from ml.flows.settle import grace_of
from ml.flows.workspace import Workspace
from ml.flows.world import RecordedWorld
from ml.policies.price import DEFAULT_SHARE
from ml.policies.question import Judging
from ml.policies.replay import REFERENCES, Comparison, Move, Prices, Setting, Table, compare, plain_policies, play
from ml.problems import problem_of
from ml.specs import ModelSpec
from ml.specs.policy import Costs, PolicySpec

PRESENT = "present"
STANDARD: Mapping[str, Mapping[str, Any]] = {
    "cost": {"when": {"kind": "cost"}},
    "performance": {"when": {"kind": "performance", "drop": 0.05}},
    "performance_or_every_10": {
        "when": {"kind": "any", "of": [{"kind": "performance"}, {"kind": "schedule", "every": 10}]}
    },
    "every_5": {"when": {"kind": "schedule", "every": 5}},
    "page_hinkley": {"when": {"kind": "change_point", "method": "page_hinkley"}},
    "adwin": {"when": {"kind": "change_point", "method": "adwin"}},
    "drift": {"when": {"kind": "drift"}},
}
"""What is played beside the present policy when nobody names others."""

OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """All that a replay needs: the world, whose decisions are played, and what things cost."""

    world: RecordedWorld
    setting: Setting
    costs: Costs
    prices: Prices
    first: tuple[Move, ...]

    def loss_of(self, key: str, place: int) -> float:
        """Cost of the errors of an estimator on a batch; NaN where no labels ever came."""
        value = self.world.last_metric(key, place)
        if value is None:
            return float("nan")
        loss = 1.0 - value if self.setting.higher_is_better else value
        return self.costs.error * self.world.labelled_rows(place) * loss


def replay(
    workspace: Workspace,
    spec: ModelSpec,
    *,
    policies: Mapping[str, PolicySpec] | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    costs: Costs | None = None,
    jobs: int | None = None,
    on_progress: OnProgress | None = None,
) -> Comparison:
    """Play policies over the batches on record in ``[start, end)`` and compare what each would have cost.

    Every possible training is computed once, in parallel, and kept: a replay that was killed goes on where it was, and
    playing other policies or other costs over the same past takes moments.

    Args:
        workspace: Where the records are; nothing is written to them.
        spec: The model. Its own policy is played as ``present``.
        policies: By name; by default a standard set.
        start: Leave out earlier batches.
        end: Leave out later batches.
        costs: What errors and trainings cost, instead of what the spec's policy says.
        jobs: Processes that train; by default one a core.
        on_progress: Is told (``"trainings"`` or ``"policies"``, done, of).

    Raises:
        NotFoundError: there are no batches on record.
        SpecError: a policy has a name that is taken.
    """
    chosen = standard_policies(spec) if policies is None else policies
    refuse_taken(chosen, source="The policies")
    with staged(workspace, spec, start=start, end=end, costs=costs, jobs=jobs, on_progress=on_progress) as stage:
        return compare(
            stage.world,
            {PRESENT: spec.policy, **chosen},
            stage.setting,
            present=PRESENT,
            costs=stage.costs,
            prices=stage.prices,
            loss_of=stage.loss_of,
            metric_of=stage.world.last_metric,
            table=_table(stage),
            seed=spec.training.seed,
            on_policy=None if on_progress is None else partial(on_progress, "policies"),
        )


def refuse_taken(names: Iterable[str], *, source: str) -> None:
    """Refuse the names of the policies that are played along in every replay.

    Raises:
        SpecError: one of them is among ``names``; ``source`` says in the message whose they are.
    """
    taken = (PRESENT, *REFERENCES)
    for name in names:
        if name in taken:
            raise SpecError(
                f"{source}: the name {name!r} is taken: {', '.join(taken)} are played along in every replay.",
                remedy="give the policy another name.",
            )


def standard_policies(spec: ModelSpec) -> dict[str, PolicySpec]:
    """The standard set without what is the present policy anyhow; each waits for as many labelled rows as that one."""
    least = {"min_labelled": spec.policy.min_labelled}
    found = {name: PolicySpec.model_validate({**body, **least}) for name, body in STANDARD.items()}
    return {name: policy for name, policy in found.items() if policy.when != spec.policy.when}


def replayed_decisions(
    workspace: Workspace,
    spec: ModelSpec,
    *,
    policy: PolicySpec | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> tuple[Decision, ...]:
    """Return the decisions that a policy (by default the spec's own) would have recorded, ids and reasons included.

    Only the trainings that the policy asks for are computed.
    """
    with _opened(workspace, spec, start=start, end=end) as world:
        moves = play(world, policy or spec.policy, setting_of(spec), record=True)
    return tuple(move.decision for move in moves if move.decision is not None)


def setting_of(spec: ModelSpec) -> Setting:
    """Return whose decisions a replay of this model makes."""
    metric = problem_of(spec.problem).metrics[spec.problem.metric]
    return Setting(
        spec.model,
        metric.name,
        metric.higher_is_better,
        metric.bounded,
        spec.monitoring.shadows,
        Judging.of(spec.gate),
        spec.gate.watch,
        spec.gate.shadow,
        grace_of(spec),
    )


@contextmanager
def staged(
    workspace: Workspace,
    spec: ModelSpec,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    costs: Costs | None = None,
    jobs: int | None = None,
    on_progress: OnProgress | None = None,
) -> Iterator[Stage]:
    """Open the world of a model with its matrix filled."""
    with _opened(workspace, spec, start=start, end=end) as world:
        told = None if on_progress is None else partial(on_progress, "trainings")
        fill(workspace, world, start=start, end=end, jobs=jobs, on_training=told)
        setting = setting_of(spec)
        never = play(world, plain_policies(spec.policy)["never"], setting)
        chosen = costs or spec.policy.costs
        yield Stage(world, setting, chosen, _prices(world, setting, chosen, never), never)


@contextmanager
def _opened(
    workspace: Workspace, spec: ModelSpec, *, start: datetime | None, end: datetime | None
) -> Iterator[RecordedWorld]:
    with workspace.registry.read() as reader:
        past = gather_past(workspace, reader, spec, start=start, end=end)
    with Cells(workspace.settings.home / "replay" / f"{spec.model}.sqlite") as cells:
        yield RecordedWorld(past, cells)


def _prices(world: RecordedWorld, setting: Setting, costs: Costs, moves: Sequence[Move]) -> Prices:
    """What is charged: as the rules see it, with the usual size of a batch over the whole past."""
    rows = median(step.rows for step in world.steps)
    training = costs.training
    if training is None:
        training = DEFAULT_SHARE * costs.error * rows * _scale(setting, moves)
    return Prices(training, costs.per_hour, costs.look)


def _scale(setting: Setting, moves: Sequence[Move]) -> float:
    """What a loss of one means: see ``Question.scale``."""
    first = next((move.challenge.gate for move in moves if move.challenge is not None), None)
    if setting.bounded or first is None:
        return 1.0
    value = first.metrics.get("dummy", first.metrics["challenger"])[setting.metric]
    return 1.0 - value if setting.higher_is_better else value


def _table(stage: Stage) -> Table:
    """The losses of every training that any policy could have asked for."""
    world = stage.world
    available: dict[str, int] = {}
    for recipe in world.matrix.prefill:
        world.remember(recipe)
        if world.matrix.column(recipe) is not None:
            available[recipe.key] = recipe.step + 1
    served = next(((place, move.served) for place, move in enumerate(stage.first) if move.served), None)
    if served is not None and served[1] is not None:
        available.setdefault(served[1], served[0])
    last = world.past.last_events
    losses = np.full((len(available), len(world.steps)), np.nan)
    if available and last:
        events = list(last.values())
        metrics = np.stack([world.column(key).metrics[events] for key in available])
        rows = np.array([world.labelled_rows(place) for place in last])
        loss = 1.0 - metrics if stage.setting.higher_is_better else metrics
        losses[:, list(last)] = stage.costs.error * rows * loss
    return Table(tuple(available), losses, np.array(list(available.values()), dtype=np.int64))


def replay_id(comparison: Comparison, model: str) -> str:
    """Content key of a replay: the same policies over the same past at the same costs."""
    played = {outcome.name: dict(outcome.policy) for outcome in comparison.outcomes}
    moments = [comparison.windows[0].start.isoformat(), comparison.windows[-1].end.isoformat()]
    costs = [comparison.prices.training, comparison.prices.per_hour, comparison.prices.look, comparison.error]
    totals = {outcome.name: outcome.total for outcome in comparison.outcomes}
    return f"{model}-replay-{digest_of([model, moments, played, costs, totals])[:12]}"
