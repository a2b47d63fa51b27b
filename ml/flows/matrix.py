"""The matrix of a replay: what a model trained up to any batch would have scored on every later one.

A cell of it costs what it costs in production, a fit or a prediction by the same functions; so each is computed once,
kept by the content that it depends on, and shared by all policies.
"""

from __future__ import annotations

import io
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ml.artifacts.frames import frame_of, table_of
from ml.domain.digests import digest_of
from ml.domain.errors import DataError
from ml.flows.cells import Cells
from ml.flows.exhibits import complaint_of
from ml.flows.past import Part, Past
from ml.flows.recipe import Column, Recipe, Recipes
from ml.flows.trained import Trained, trained_by_key
from ml.monitoring import measure_performance
from ml.problems import problem_of
from ml.profiles import conform
from ml.training import fit, importance_of, refit

_BY_ROW = ("DecisionTree", "ExtraTrees", "GradientBoosting", "HistGradientBoosting", "RandomForest")
"""Estimators whose prediction for a row is the same bits whatever rows come along. Others multiply matrices, which may
round differently for another number of rows: they predict batch by batch, as production does."""


class Matrix:
    """Estimators by key: asked for by recipe, computed when they are missing."""

    def __init__(self, past: Past, cells: Cells) -> None:
        self.past, self.spec = past, past.spec
        self.problem = problem_of(past.spec.problem)
        self.recipes = Recipes(past)
        self._cells = cells
        self._columns: dict[str, Column] = {}
        self._predictions: dict[str, pd.DataFrame] = {}
        self._truths: dict[Part, pd.DataFrame] = {}

    @cached_property
    def trained(self) -> Mapping[str, Trained]:
        """The fits on record, by key."""
        return trained_by_key(self.recipes)

    @cached_property
    def prefill(self) -> tuple[Recipe, ...]:
        """The estimators that any policy may ask for: each training window, ended with each batch of labels."""
        key = f"prefill:{digest_of([self.recipes.base, self.past.sha256])}"
        stored = self._cells.get(key)
        if stored is None:
            stored = json.dumps(
                [[one.key, one.step, one.first, one.last] for one in self.recipes.any_policy()]
            ).encode()
            self._cells.put([(key, stored)])
        return tuple(Recipe(*one) for one in json.loads(stored))

    def is_known(self, recipes: Sequence[Recipe]) -> frozenset[str]:
        """Return the keys of those recipes that are computed already."""
        wanted = {self._cell(recipe.key): recipe.key for recipe in recipes}
        return frozenset(wanted[cell] for cell in self._cells.known(wanted))

    def store(self, cells: Sequence[tuple[str, bytes]]) -> None:
        """Keep what was computed elsewhere by :meth:`compute`."""
        self._cells.put(cells)

    def column(self, recipe: Recipe) -> Column | None:
        """Return the estimator of a recipe; None if its rows cannot be learned from."""
        if recipe.key not in self._columns:
            stored = self._cells.get(self._cell(recipe.key))
            if stored is None:
                self._cells.put(self.compute(recipe))
                stored = self._cells.get(self._cell(recipe.key)) or b"null"
            document = json.loads(stored)
            if document is None:
                return None
            document["metrics"] = np.frombuffer(b64decode(document["metrics"]), dtype="<f8")
            if recipe.key in self.trained:  # a training costs what it took in production, whenever it was fitted here
                document["seconds"] = self.trained[recipe.key].seconds
            self._columns[recipe.key] = Column(**document)
        return self._columns[recipe.key]

    def predictions(self, recipe: Recipe, parts: Sequence[Part]) -> pd.DataFrame:
        """Return its predictions for the labelled rows of parts, in the order of time."""
        frames = [self.scored(recipe, part[0]).iloc[self.past.part(part).by_time] for part in parts]
        return pd.concat(frames, ignore_index=True)

    def scored(self, recipe: Recipe, place: int) -> pd.DataFrame:
        """Return its predictions for all kept rows of one batch, in the order in which they are stored."""
        column = self.column(recipe)
        if column is None:
            raise DataError(f"The rows of {recipe.key} cannot be learned from.", remedy="ask for its column first.")
        first = self._starts[place] - self._starts[column.since]
        rows = self._rows_from(recipe).iloc[first : first + self.past.steps[place].rows]
        return rows.reset_index(drop=True)

    @cached_property
    def _starts(self) -> list[int]:
        """Rows of all batches before each batch."""
        return list(accumulate((step.rows for step in self.past.steps), initial=0))

    def _rows_from(self, recipe: Recipe) -> pd.DataFrame:
        """All predictions of an estimator, from the first batch that it did not see as a whole."""
        if recipe.key not in self._predictions:
            stored = self._cells.get(self._cell(recipe.key) + ":predictions")
            if stored is None:
                self._cells.put(self.compute(recipe))
                stored = self._cells.get(self._cell(recipe.key) + ":predictions") or b""
            self._predictions[recipe.key] = frame_of(pq.read_table(pa.BufferReader(stored)))
            while len(self._predictions) > _KEPT:
                self._predictions.pop(next(iter(self._predictions)))
        return self._predictions[recipe.key]

    def _cell(self, key: str) -> str:
        """The past's end is part of it: with a new batch there are new predictions to make."""
        return f"{key}:{self.past.sha256[:16]}"

    def compute(self, recipe: Recipe) -> list[tuple[str, bytes]]:
        """Fit the estimator, let it predict every later batch, and measure it there; returns cells to store."""
        cell = self._cell(recipe.key)
        split = self.recipes.split(recipe.step)
        rows = split.rows.iloc[recipe.first : recipe.last]
        try:
            candidate, parameters, seconds, estimator = self._on_record(recipe) or self._fitted(recipe, rows)
        except DataError:
            return [(cell, b"null")]
        since = self._since(rows)
        batches = list(self._predicted(estimator, candidate, since))
        metrics = np.full(len(self.past.events), np.nan, dtype="<f8")
        for number, value in self._measured(batches, since):
            metrics[number] = np.nan if value is None else value
        document = {"candidate": candidate, "parameters": parameters, "seconds": seconds, "since": since}
        document["metrics"] = b64encode(metrics.tobytes()).decode()  # numbers as text take ten times as long to read
        document["complaint"] = complaint_of(self.spec, self.past.schema, estimator, rows)
        document["importance"] = importance_of(
            self.problem, estimator, conform(rows, self.past.schema), seed=self.spec.training.seed
        )
        frame = pd.concat(batches, ignore_index=True) if batches else pd.DataFrame()
        return [(cell, json.dumps(document).encode()), (cell + ":predictions", _packed(frame))]

    def _on_record(self, recipe: Recipe) -> tuple[str, dict[str, Any], float, Any] | None:
        """What production fitted and kept, None if it did not; bytes that are gone are fitted again."""
        trained = self.trained.get(recipe.key)
        if trained is None or trained.kept is None or not self.past.has(trained.kept.sha256):
            return None
        candidate, parameters = trained.kept.setting
        return candidate, dict(parameters), trained.seconds, self.past.estimator(trained.kept.sha256)

    def _fitted(self, recipe: Recipe, rows: pd.DataFrame) -> tuple[str, dict[str, Any], float, Any]:
        past = self.past
        if recipe.candidate is None:
            found = fit(rows, spec=self.spec, schema=past.schema, problem=self.problem)
            return found.candidate, found.parameters, found.seconds, found.estimator
        parameters = dict(recipe.parameters or {})
        estimator = refit(recipe.candidate, parameters, rows, spec=self.spec, schema=past.schema, problem=self.problem)
        return recipe.candidate, parameters, 0.0, estimator

    def _since(self, rows: pd.DataFrame) -> int:
        """The first batch with rows that the estimator did not see."""
        newest = rows[self.spec.time.column].iloc[-1]
        place = next(i for i, window in enumerate(self.past.windows) if window.end > newest)
        part = self.past.last.get(place)
        whole = part is None or bool(self.past.part(part).rows[self.spec.time.column].max() <= newest)
        return place + 1 if whole else place

    def _predicted(self, estimator: Any, candidate: str, since: int) -> Iterator[pd.DataFrame]:
        frames = [self.past.features(place) for place in range(since, len(self.past.windows))]
        if not frames or not candidate.startswith(_BY_ROW):
            yield from (self.problem.predict(estimator, frame) for frame in frames)
            return
        together = self.problem.predict(estimator, pd.concat(frames, ignore_index=True))
        end = 0
        for frame in frames:
            start, end = end, end + len(frame)
            yield together.iloc[start:end].reset_index(drop=True)

    def _measured(self, batches: Sequence[pd.DataFrame], since: int) -> Iterator[tuple[int, float | None]]:
        name = self.spec.problem.metric
        for step in range(since, len(self.past.windows)):
            for part in self.past.arrived(step):
                found = self.past.part(part)
                if part[0] < since or not len(found.rows):
                    continue
                predictions = batches[part[0] - since]
                if len(found.places) < len(predictions):
                    predictions = predictions.iloc[found.places].reset_index(drop=True)
                if part not in self._truths:
                    self._truths[part] = self.problem.truth(found.rows, self.spec.problem)
                values = measure_performance(self._truths[part], predictions, problem=self.problem, metrics=(name,))
                yield self.past.events[step, part[0]], values.get(name)


_KEPT = 64
"""Predictions that are held in memory."""


def _packed(frame: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table_of(frame), sink, compression="zstd", write_statistics=False)
    return sink.getvalue()
