"""The protocol: serve, labels arrive, decide, retrain; and the cheapest choice of moments in hindsight.

Batch t is served → the labels of t - delay arrive → the policy decides → a retraining on the labelled batches serves
from t + 1. Costs are losses per batch plus prices. A look holds the newest labelled batches out, trains on those
before them, and goes live (refitted on all) only if the gain measured there is large enough.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ml.policies.plan import Comparison, Evidence, Fitted, Loss
from ml.specs.gate import HOLDOUT_ROWS
from retraining.matrices import WINDOWS, Matrix
from retraining.streams import BATCHES

FIRST = 5  # batches that the first model is trained on
LOOK = 0.1  # a look, as a share of a retraining, for each candidate trained
HOLDOUT = 0.3  # share of the new labelled batches that a look holds out
SHADOWS = 3  # retired champions that score along
STICKY_P = 0.01  # a shorter window must be better than the first one beyond this chance, shared among the others
Z95 = 1.959964


@dataclass(frozen=True)
class Ask:
    """A policy's answer: retrain at once, or look and go live from ``least_gain`` on."""

    retrain: bool
    least_gain: float | None = None


KEEP, NOW = Ask(False), Ask(True)


class Policy(Protocol):
    """Decides after each batch; ``start`` forgets everything."""

    name: str

    def start(self, matrix: Matrix, delay: int, price: float) -> None: ...

    def decide(self, run: Run) -> Ask: ...


@dataclass(frozen=True)
class Setting:
    """One run: label delay, price of a retraining, the windows to pick from (places in WINDOWS)."""

    delay: int
    price: float
    windows: tuple[int, ...] = (0,)


@dataclass
class Run:
    """What production's records would say at this moment, and what it has cost so far."""

    matrix: Matrix
    setting: Setting
    arrived: int
    champion: tuple[int, int]  # window, trained through
    promoted: int  # first batch that the champion served
    retired: list[tuple[int, int]] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    served: list[tuple[int, int]] = field(default_factory=list)  # who served each batch from the first on
    lives: list[int] = field(default_factory=list)  # `arrived` at each change of champion
    looks: int = 0
    cost: float = 0.0

    @property
    def labelled(self) -> int:
        return self.arrived - self.setting.delay

    def fitted(self, model: tuple[int, int]) -> Fitted:
        window, trained = model
        length = WINDOWS[window]
        first = 0 if length is None else max(0, trained + 1 - length)
        return Fitted(window * BATCHES + trained, first, trained + 1)

    def evidence(self) -> Evidence:
        shares = LOOK * len(self.setting.windows)
        lengths = [length for window in self.setting.windows if (length := WINDOWS[window]) is not None]
        return Evidence(
            self.fitted(self.champion), self.arrived, self.labelled, tuple(self.losses), tuple(self.comparisons),
            tuple(self.asked), self.setting.price, shares, 1.0, HOLDOUT,
            windows=len(self.setting.windows), shortest=min(lengths, default=None),
        )  # fmt: skip

    def champion_losses(self) -> list[tuple[int, float, int]]:
        """Labelled batches that the present champion served: batch, loss, rows."""
        version = self.fitted(self.champion).version
        return [(one.batch, one.loss, one.rows) for one in self.losses if one.fitted.version == version]

    def per_row(self) -> np.ndarray:
        """Losses row by row of the newest labelled batch, of whoever served it."""
        window, trained = self.served_by(self.labelled - 1)
        return self.matrix.losses(window, trained, self.labelled - 1, self.labelled - 1)

    def served_by(self, batch: int) -> tuple[int, int]:
        """Return the model (window, trained through) that served a batch."""
        return self.served[batch - self.first_served]

    @property
    def first_served(self) -> int:
        return FIRST + self.setting.delay


def play(matrix: Matrix, setting: Setting, policy: Policy) -> Run:
    """Play one policy over one stream."""
    first = FIRST + setting.delay
    run = Run(matrix, setting, first, (0, FIRST - 1), first)
    policy.start(matrix, setting.delay, setting.price)
    scoring: dict[int, tuple[tuple[int, int], ...]] = {}
    for batch in range(first, BATCHES):
        scoring[batch] = (run.champion, *run.retired[-SHADOWS:][::-1])
        run.served.append(run.champion)
        run.cost += matrix.means[run.champion[0], run.champion[1], batch]
        run.arrived = batch + 1
        _labels_arrive(run, scoring)
        if batch < BATCHES - 1:
            _act(run, policy.decide(run))
    return run


def _labels_arrive(run: Run, scoring: dict[int, tuple[tuple[int, int], ...]]) -> None:
    batch = run.labelled - 1
    rows = int(run.matrix.bounds[batch + 1] - run.matrix.bounds[batch])
    for model in scoring.get(batch, ()):
        run.losses.append(Loss(run.fitted(model), batch, float(run.matrix.means[model[0], model[1], batch]), rows))


def _act(run: Run, ask: Ask) -> None:
    new = run.labelled - run.champion[1] - 1
    if not ask.retrain or new < 1:
        return
    run.asked.append(run.arrived)
    windows = run.setting.windows
    if ask.least_gain is None and len(windows) == 1:
        _live(run, (windows[0], run.labelled - 1))
        return
    rows = run.matrix.bounds[1] - run.matrix.bounds[0]
    held = min(max(1, round(HOLDOUT * new)), math.ceil(HOLDOUT_ROWS / rows))
    window, gain, tried = _look(run, held)
    run.looks += 1
    run.cost += LOOK * tried * run.setting.price
    live = ask.least_gain is None or gain >= ask.least_gain
    run.comparisons[-1:] = [_with(run.comparisons[-1], live)]
    if live:
        _live(run, (window, run.labelled - 1))


def _live(run: Run, model: tuple[int, int]) -> None:
    run.cost += run.setting.price
    run.retired.append(run.champion)
    run.champion, run.promoted = model, run.arrived
    run.lives.append(run.arrived)


def _with(one: Comparison, promoted: bool) -> Comparison:
    return Comparison(
        one.champion, one.challenger, one.first, one.until, one.gain, one.low, one.high, one.rows, promoted
    )


def _look(run: Run, held: int) -> tuple[int, float, int]:
    """Train on all but the newest ``held`` labelled batches, pick a window and measure the gain on them.

    The champion's own kind of window comes first: it stays unless another is better beyond chance.
    """
    until = run.labelled - held
    candidates: dict[int, int] = {}
    for window in sorted(run.setting.windows, key=lambda window: window != run.champion[0]):
        candidates.setdefault(run.fitted((window, until - 1)).first, window)
    losses = {w: run.matrix.losses(w, until - 1, until, run.labelled - 1) for w in candidates.values()}
    window = sticky(losses)
    champion = run.matrix.losses(*run.champion, until, run.labelled - 1)
    paired = champion - losses[window]
    gain, error = float(paired.mean()), float(paired.std() / math.sqrt(len(paired)))
    run.comparisons.append(
        Comparison(run.fitted(run.champion), run.fitted((window, until - 1)), until, run.labelled, gain,
                   gain - Z95 * error, gain + Z95 * error, len(paired), False)
    )  # fmt: skip
    return window, gain, len(candidates)


def sticky(losses: dict[int, np.ndarray]) -> int:
    """Keep the first window unless another one is better beyond chance on the same rows; of several, the best."""
    first, *others = losses
    best, least = first, math.inf
    for other in others:
        paired = losses[first] - losses[other]
        error = paired.std() / math.sqrt(len(paired))
        chance = math.erfc(paired.mean() / max(error, 1e-12) / math.sqrt(2))
        better = paired.mean() > 0 and chance < STICKY_P / len(others)
        if better and losses[other].mean() < least:
            best, least = other, losses[other].mean()
    return best


def hindsight(matrix: Matrix, setting: Setting) -> tuple[float, list[tuple[int, int]]]:
    """Find the cheapest moments (and windows, of the setting's) knowing all: the cost, and (arrived, window) of each.

    A dynamic programme from the end: ``best[t]`` is the least cost of the batches from t on, if a model goes live
    before t.
    """
    first = FIRST + setting.delay
    means = matrix.means

    def served(window: int, trained: int, start: int) -> np.ndarray:
        return np.cumsum(means[window, trained, start:])

    best, choice = np.full(BATCHES + 1, np.inf), {}
    best[BATCHES] = 0.0
    for t in range(BATCHES - 1, first - 1, -1):
        options = [(0, FIRST - 1)] if t == first else [(w, t - setting.delay - 1) for w in setting.windows]
        for window, trained in options:
            costs = served(window, trained, t) + best[t + 1 :]
            end = int(np.argmin(costs))
            total = costs[end] + (0.0 if t == first else setting.price)
            if total < best[t]:
                best[t], choice[t] = total, (window, t + 1 + end)
    moments, t = [], choice[first][1]
    while t < BATCHES:
        moments.append((t, choice[t][0]))
        t = choice[t][1]
    return float(best[first]), moments


def pays(run: Run, horizon: int = 10) -> list[bool]:
    """Say of each change of champion whether it saved its price (look included) within ``horizon`` batches.

    Saved: losses of the model that was replaced minus those of the new one, on the batches after the change.
    """
    means, out = run.matrix.means, []
    for arrived in run.lives:
        place = arrived - run.first_served
        old, new = run.served[place - 1], run.served[place]
        saved = means[old[0], old[1], arrived : arrived + horizon] - means[new[0], new[1], arrived : arrived + horizon]
        out.append(bool(saved.sum() > run.setting.price))
    return out
