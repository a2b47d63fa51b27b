"""Fill a replay's matrix: all trainings that any policy may ask for, in parallel, each kept as soon as it is done."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import chain

from ml.flows.matrix import Matrix
from ml.flows.past import gather_past
from ml.flows.recipe import Recipe
from ml.flows.workspace import Workspace
from ml.flows.world import RecordedWorld
from ml.settings import Settings
from ml.specs import ModelSpec

_WORTH_A_PROCESS = 8
"""With fewer trainings to do, starting processes takes longer than training."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a process finds the past, in what any process can be told."""

    settings: Settings
    spec_json: str
    start: datetime | None
    end: datetime | None


def fill(
    workspace: Workspace,
    world: RecordedWorld,
    *,
    start: datetime | None,
    end: datetime | None,
    jobs: int | None,
    on_training: Callable[[int, int], None] | None,
) -> None:
    """Compute what is missing of the matrix; ``on_training`` is told (done, of), with what was there before as done."""
    matrix = world.matrix
    recipes = matrix.prefill
    known = matrix.is_known(recipes)
    missing = [recipe for recipe in recipes if recipe.key not in known]
    place = _Place(workspace.settings, matrix.spec.model_dump_json(), start, end)
    done = len(known)
    for cells in chain([()], _computed(matrix, place, missing, jobs or _cores())):
        if cells:
            matrix.store(cells)
            done += 1
        if on_training is not None:
            on_training(done, len(recipes))


def _cores() -> int:
    """The cores that this process may use, which in a container may be fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


Cell = tuple[str, bytes]


def _computed(matrix: Matrix, place: _Place, missing: list[Recipe], jobs: int) -> Iterable[list[Cell]]:
    if jobs == 1 or len(missing) < _WORTH_A_PROCESS:
        return (matrix.compute(recipe) for recipe in missing)
    from joblib import Parallel, delayed

    # The longest trainings first, so that no process is left with one of them at the end.
    ordered = sorted(missing, key=lambda recipe: recipe.first - recipe.last)
    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
    return parallel(delayed(_compute)(place, recipe) for recipe in ordered)  # type: ignore[no-any-return]


def _compute(place: _Place, recipe: Recipe) -> list[Cell]:
    return _matrix(place).compute(recipe)


@lru_cache(maxsize=1)
def _matrix(place: _Place) -> Matrix:
    """Open the past once a process; it only reads, what it computes goes back to who asked."""
    from ml.flows.cells import Cells

    spec = ModelSpec.model_validate_json(place.spec_json)
    workspace = Workspace.open(place.settings)
    with workspace.registry.read() as reader:
        past = gather_past(workspace, reader, spec, start=place.start, end=place.end)
    return Matrix(past, Cells(place.settings.home / "replay" / f"{spec.model}.sqlite"))
