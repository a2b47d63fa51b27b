"""The past as a world to play in: what a retraining after any batch would have led to, by production's functions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from math import isnan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.domain.codes_pg import PAYS
from ml.domain.digests import digest_of
from ml.domain.errors import DataError
from ml.domain.findings import Finding, Outcome
from ml.domain.records import Observation, Quantity
from ml.evaluation import Exhibits, Judgement, judge, pick, terms_of
from ml.evaluation.checks.pays import pays
from ml.flows.beside import SideBySide
from ml.flows.cells import Cells
from ml.flows.challenges import Opponent, challenge_of, document_of, held_out_of, opponent_of, seen_finding
from ml.flows.exhibits import attempts_on, constant_predictions, origin_of
from ml.flows.matrix import Matrix
from ml.flows.past import Part, Past
from ml.flows.past_drift import drift_inputs, past_drift
from ml.flows.recipe import Column, Recipe
from ml.flows.reference import reference_of
from ml.flows.settle import shadow_look
from ml.flows.watch import look_at
from ml.policies import Need
from ml.policies.replay import Challenge, Stand, Step
from ml.training import Split, TrainingSet, refit_set, training_set, training_sets

Json = Mapping[str, Any]


class RecordedWorld:
    """A :class:`~ml.policies.replay.World` over a model's records; everything it works out is kept in the cells."""

    def __init__(self, past: Past, cells: Cells) -> None:
        self.past, self.matrix = past, Matrix(past, cells)
        self._cells = cells
        self._recipes: dict[str, Recipe] = {}
        self._challenges: dict[tuple[int, Opponent], Challenge | None] = {}
        self._spec, self._problem = past.spec, self.matrix.problem
        self._metric = self._problem.metrics[self._spec.problem.metric]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The batches in the order of time."""
        return self.past.steps

    def metric(self, key: str, place: int, step: int) -> float | None:
        """Return the primary metric of an estimator on a batch, on the labels that came with ``step``."""
        return _defined(self.column(key).metrics, self.past.events[step, place])

    def last_metric(self, key: str, place: int) -> float | None:
        """Return the primary metric of an estimator on a batch, on the labels known at the end."""
        event = self.past.last_events.get(place)
        return None if event is None else _defined(self.column(key).metrics, event)

    def labelled_rows(self, place: int) -> int:
        """Count the rows of a batch that have labels at the end."""
        part = self.past.last.get(place)
        return 0 if part is None else len(self.past.part(part).rows)

    def column(self, key: str) -> Column:
        """Return an estimator that some challenge named."""
        found = self.matrix.column(self._recipes[key])
        if found is None:
            raise DataError(f"The rows of {key} cannot be learned from.", remedy="look at the rows.")
        return found

    def remember(self, recipe: Recipe) -> None:
        """Make an estimator known by its key."""
        self._recipes[recipe.key] = recipe

    def challenge(
        self, step: int, champion: Challenge | None, least_gain: float | None, earlier: Sequence[Challenge]
    ) -> Challenge | None:
        """Train and judge a challenger after a step; None if it could not be trained then."""
        opponent = opponent_of(champion, earlier)
        place = (step, opponent)
        if place not in self._challenges:
            self._challenges[place] = self._challenge(step, opponent)
        found = self._challenges[place]
        if found is None:
            return None
        asked = least_gain is not None and champion is not None and PAYS not in self._spec.gate.override
        if least_gain is None or not asked or pays(found.gate.difference, least_gain):
            return found
        gate = replace(found.gate, passed=False, findings=(*found.gate.findings, _not_worth_it(least_gain)))
        return replace(found, serving=found.challenger, refit_until=None, gate=gate)

    def _challenge(self, step: int, opponent: Opponent) -> Challenge | None:
        # All that it depends on; a training costs what it took in production where it is on record.
        took = self._took.get(self.past.windows[step].end, [])
        known = [self.matrix.recipes.base, self.past.digests[step], took]
        key = "challenge:" + digest_of([known, opponent.to_json()])
        stored = self._cells.get(key)
        if stored is None:
            document = self._worked_out(step, opponent)
            stored = json.dumps(document).encode()
            self._cells.put([(key, stored)])
        return self._read(step, json.loads(stored))

    @cached_property
    def _took(self) -> Mapping[datetime, list[float | None]]:
        """Seconds that the trainings on record took, by their moment."""
        found: dict[datetime, list[float | None]] = {}
        for one in self.past.versions:
            found.setdefault(one.as_of, []).append(one.manifest.get("seconds"))
        return found

    def _worked_out(self, step: int, opponent: Opponent) -> Json | None:
        """Do what training and evaluation do, with the matrix's estimators."""
        try:
            split = self.matrix.recipes.split(step, newer_than=opponent.seen_until)
        except DataError:
            return None
        least = self._spec.training.min_rows
        candidates = training_sets(split, self._spec.training.window, present=opponent.window)
        sets = [one for one in candidates if len(one.rows) >= least]
        recipes = [self.matrix.recipes.of(step, one.first, one.last) for one in sets]
        fitted = [
            (one, recipe, column)
            for one, recipe in zip(sets, recipes, strict=True)
            if (column := self.matrix.column(recipe)) is not None
        ]
        if not fitted:
            return None
        held = self._held_out(step, split)
        truth = self._problem.truth(split.holdout, self._spec.problem)
        predictions = [self._predictions(recipe, held, len(split.holdout)) for _, recipe, _ in fitted]
        terms = [terms_of(self._metric, truth, one) for one in predictions]
        picked = pick(self._metric, terms, least_rows=self._spec.gate.min_rows, seed=self._spec.training.seed)
        chosen, recipe, column = fitted[picked.place]
        judgement = self._judge(
            split, chosen, column, truth=truth, challenger=predictions[picked.place], opponent=opponent, held=held
        )
        refitted = self._refitted(step, refit_set(split, chosen.window), column) if judgement.passed else None
        seconds = round(sum(one.seconds for _, _, one in fitted), 3)
        return document_of(
            split,
            chosen,
            recipe=recipe,
            refitted=refitted,
            judgement=judgement,
            tried=[one for one, _, _ in fitted],
            seconds=seconds,
            time_column=self._spec.time.column,
            opponent=opponent,
        )

    def _refitted(self, step: int, trained_on: TrainingSet, column: Column) -> Recipe | None:
        """What is fitted once more, None if nothing is: as in evaluation, what was judged then serves."""
        if not self._spec.gate.refit or len(trained_on.rows) < self._spec.training.min_rows:
            return None
        chosen = (column.candidate, column.parameters)
        recipe = self.matrix.recipes.of(step, trained_on.first, trained_on.last, chosen=chosen)
        return recipe if self.matrix.column(recipe) is not None else None

    def _held_out(self, step: int, split: Split) -> tuple[Part, ...]:
        """The parts that the held-out rows come from; of the first one, perhaps only its newer rows."""
        windows = self.past.windows
        return tuple(part for part in self.past.known[step] if windows[part[0]].end > split.holdout_from)

    def _predictions(self, recipe: Recipe, held: Sequence[Part], rows: int) -> pd.DataFrame:
        found = self.matrix.predictions(recipe, held)
        return found if len(found) == rows else found.iloc[len(found) - rows :].reset_index(drop=True)

    def _judge(
        self,
        split: Split,
        chosen: TrainingSet,
        column: Column,
        *,
        truth: pd.DataFrame,
        challenger: pd.DataFrame,
        opponent: Opponent,
        held: Sequence[Part],
    ) -> Judgement:
        spec, schema = self._spec, self.past.schema
        learned = training_set(split, chosen.window).rows
        champion = best = None
        if opponent.serving:
            champion = self._predictions(self._recipes[opponent.serving], held, len(split.holdout))
            if opponent.has_a_better_one(split.holdout_from):
                best = self._predictions(self._recipes[opponent.best], held, len(split.holdout))
        return judge(
            gate=spec.gate,
            problem=self._problem,
            metric=spec.problem.metric,
            truth=truth,
            challenger=challenger,
            champion=champion,
            dummy=constant_predictions(spec, schema, learned, split.holdout) if len(split.holdout) else None,
            seed=spec.training.seed,
            exhibits=Exhibits(
                attempts=attempts_on(held_out_of(split), opponent.earlier),
                best=best,
                rows=split.holdout,
                features=tuple(schema.features),
                origin=origin_of(split, schema, learned, schema.features),
                complaint=column.complaint,
            ),
        )

    def _read(self, step: int, document: Json | None) -> Challenge | None:
        if document is None:
            return None
        for name in ("challenger", "serving"):
            self.remember(Recipe(**{**document[name], "step": step}))
        return challenge_of(document, model=self._spec.model, as_of=self.past.windows[step].end)

    def surely_worse(self, champion: Challenge, beaten: Challenge, places: Sequence[int], step: int) -> bool:
        """Look after a new champion as production does."""
        asked = self._spec.gate.watch
        return asked is not None and look_at(self._spec, asked, self._beside(champion, beaten, places, step)).worse

    def stands(self, challenger: Challenge, champion: Challenge, places: Sequence[int], step: int) -> Stand:
        """Judge a challenger in the shadow as production does."""
        look = shadow_look(self._spec, self._spec.gate.shadow, self._beside(challenger, champion, places, step))
        return Stand(look.passed, compared=look.gain is not None)

    def _beside(self, ours: Challenge, theirs: Challenge, places: Sequence[int], step: int) -> list[SideBySide]:
        known = {part[0]: part for part in self.past.known[step]}
        parts = [known[place] for place in places]
        return [
            SideBySide(
                self.past.joined(part).iloc[self.past.part(part).by_time].reset_index(drop=True),
                *(self.matrix.predictions(self._recipes[one.serving], [part]) for one in (ours, theirs)),
            )
            for part in parts
        ]

    def drift(self, champion: Challenge, step: int, needs: frozenset[Need]) -> Iterable[Observation]:
        """Return the drift of one batch against the champion's training rows, as monitoring measures it."""
        key = "drift:" + digest_of(
            [champion.challenger, champion.serving, sorted(needs), *drift_inputs(self.past, step)]
        )
        stored = self._cells.get(key)
        if stored is None:
            stored = json.dumps(self._measured(champion, step)).encode()
            self._cells.put([(key, stored)])
        window = self.past.windows[step]
        return [
            Observation(window, window.end, **{**one, "quantity": Quantity(one["quantity"])})
            for one in json.loads(stored)
        ]

    def _measured(self, champion: Challenge, step: int) -> list[dict[str, Any]]:
        recipe = self._recipes[champion.challenger]
        learned = self.matrix.recipes.split(recipe.step).rows.iloc[recipe.first : recipe.last]
        judged = next(place for place, window in enumerate(self.past.windows) if window.end == champion.gate.as_of)
        newest = [part for part in self.past.known[judged] if self.past.windows[part[0]].end > champion.trained_until]
        reference = reference_of(
            self._spec,
            self.past.schema,
            learned,
            self._predictions(recipe, newest, champion.gate.rows),
            layout=self.past.layout,
            importance=self.column(champion.challenger).importance,
        )
        predictions = self.matrix.scored(self._recipes[champion.serving], step)
        return past_drift(self.past, step, reference, learned=learned, predictions=predictions)


def _defined(metrics: NDArray[np.float64], event: int) -> float | None:
    value: float = metrics.item(event)
    return None if isnan(value) else value


def _not_worth_it(least_gain: float) -> Finding:
    return replace(seen_finding(PAYS, Outcome.FAILED.value), expected=f"a gain of at least {least_gain:+.4g}")
