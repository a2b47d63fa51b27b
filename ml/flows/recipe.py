"""An estimator of a replay: how it is made and named, and what is known of it once it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.domain.digests import digest_of
from ml.domain.errors import DataError
from ml.flows.past import Past
from ml.flows.provenance import library_versions, training_code
from ml.problems import problem_of
from ml.specs.training import candidates_of
from ml.training import Split, TrainingSet, refit_set, split_batches

Setting = tuple[str, Mapping[str, Any]]
"""(estimator, parameters)."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to make an estimator: the labelled rows at positions ``first`` to ``last`` of those known after ``step``.

    ``candidate`` and ``parameters`` are given for a second fit of a setting that was chosen before; else the search of
    the spec chooses. ``key`` identifies it by content.
    """

    key: str
    step: int
    first: int
    last: int
    candidate: str | None = None
    parameters: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """An estimator of the matrix without its predictions.

    ``metrics`` holds the primary metric by number of the labels' arrival (see ``Past.events``), NaN where it is not
    defined or the estimator had seen the batch. ``since`` is the first batch that it did not see as a whole:
    predictions are there from it on. ``complaint`` is what it says against rows that no training row is like,
    ``importance`` how much it uses each feature.
    """

    candidate: str
    parameters: Mapping[str, Any]
    seconds: float
    since: int
    metrics: NDArray[np.float64]
    complaint: str
    importance: Mapping[str, float] | None


class Recipes:
    """Names the estimators of a past: the same rows, spec, code and libraries have the same key."""

    def __init__(self, past: Past) -> None:
        self.past, self.spec = past, past.spec

    @cached_property
    def base(self) -> str:
        """Digest of all but the rows that an estimator and its verdict depend on; shadow and watch come later."""
        spec = self.spec
        parts = (spec.training, spec.problem, spec.features, spec.time)
        return digest_of(
            [
                *[part.model_dump(mode="json") for part in parts],
                spec.gate.model_dump(mode="json", exclude={"shadow", "watch"}),
                self.past.schema.to_json(),
                training_code(),
                library_versions(),
            ]
        )

    @property
    def searches(self) -> bool:
        """Whether there is anything to choose: without, a setting fitted again is the same fit."""
        candidates = self.spec.training.candidates or problem_of(self.spec.problem).default_candidates()
        return len(candidates) > 1 or bool(candidates[0].search)

    def of(self, step: int, first: int, last: int, *, chosen: Setting | None = None) -> Recipe:
        """Name the estimator of some of the rows known after ``step``; ``chosen`` gives its setting."""
        parts = self.past.known[step]
        counts = np.cumsum([0, *(len(self.past.part(part).rows) for part in parts)])
        low = int(np.searchsorted(counts, first, side="right")) - 1
        high = int(np.searchsorted(counts, last, side="left"))
        offsets = [first - int(counts[low]), last - int(counts[low])]
        setting = [chosen[0], dict(chosen[1])] if chosen is not None and self.searches else None
        key = digest_of([self.base, self.past.digest(parts[low:high]), offsets, setting])
        if setting is None or chosen is None:
            return Recipe(key, step, first, last)
        return Recipe(key, step, first, last, *chosen)

    def split(self, step: int, *, newer_than: datetime | None = None) -> Split:
        """Part the rows known after a step as production does.

        Raises:
            DataError: nothing is new, or all rows have one time.
        """
        parts = self.past.known[step]
        if not parts:
            raise DataError(f"{self.spec.model} has no labelled row yet.", remedy="wait for labels.")
        return split_batches(
            self.past.frame(step),
            [self.past.windows[place] for place, _ in parts],
            time_column=self.spec.time.column,
            holdout=self.spec.gate.holdout,
            holdout_rows=self.spec.gate.enough_rows,
            newer_than=newer_than,
        )

    def any_policy(self) -> tuple[Recipe, ...]:
        """Name what any policy may ask for: each training window, ended with each batch of labels."""
        found: dict[str, Recipe] = {}
        spec = self.spec
        for step, parts in enumerate(self.past.known):
            if not parts or (step and parts == self.past.known[step - 1]):
                continue
            for trained_on in self._ended_with(step):
                if len(trained_on.rows) >= spec.training.min_rows:
                    recipe = self.of(step, trained_on.first, trained_on.last)
                    found.setdefault(recipe.key, recipe)
        return tuple(found.values())

    def _ended_with(self, step: int) -> Iterator[TrainingSet]:
        try:
            split = self.split(step)
        except DataError:
            return
        for window in candidates_of(self.spec.training.window):
            yield refit_set(split, window)
