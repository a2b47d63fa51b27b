"""Made-up worlds, in which it is known who is better by how much."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import SGDClassifier, SGDRegressor

from gating.rates import Predictions

KINDS = ("binary", "multiclass", "regression")
LABELS = {"binary": 2, "multiclass": 4}


def drawn(kind: str, rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Eight features, three of which matter."""
    table = rng.normal(size=(rows, 8))
    signal = table[:, 0] + 0.7 * table[:, 1] * table[:, 2] + rng.normal(scale=0.8, size=rows)
    return table, signal if kind == "regression" else np.digitize(signal, np.linspace(-1, 1, LABELS[kind] + 1)[1:-1])


def fitted(kind: str, table: np.ndarray, target: np.ndarray, seed: int) -> Any:
    """Averaged stochastic gradient descent: near its optimum two seeds differ on rows, hardly on the whole."""
    if kind == "regression":
        return SGDRegressor(average=True, max_iter=30, tol=None, random_state=seed).fit(table, target)
    return SGDClassifier(loss="log_loss", average=True, max_iter=2, tol=None, random_state=seed).fit(table, target)


def predicted(model: Any, table: np.ndarray) -> Predictions:
    if not hasattr(model, "classes_"):
        return pd.DataFrame({"prediction": model.predict(table)})
    shares = model.predict_proba(table)
    columns = {f"p_{label}": shares[:, place] for place, label in enumerate(model.classes_)}
    return pd.DataFrame({"prediction": model.classes_[shares.argmax(axis=1)], **columns})


def apart(
    kind: str, rng: np.random.Generator, rows: int, gain: float, *, strength: float = 0.0
) -> tuple[np.ndarray, Predictions, Predictions]:
    """Truth, challenger, champion: the challenger is truly better by ``gain``; they differ in about 0.15 of the rows.

    ``strength`` makes the errors of neighbouring rows alike.
    """
    if kind == "regression":
        noise = rng.normal(size=rows) if strength == 0.0 else alike(rng, rows, strength)
        truth = np.zeros(rows)
        theirs = 1.0 + 0.3 * noise
        return truth, pd.DataFrame({"prediction": np.full(rows, 1.0 - gain)}), pd.DataFrame({"prediction": theirs})
    labels = LABELS[kind]
    truth = rng.integers(0, labels, rows)
    drawn_at = rng.random(rows)
    wins, losses = (0.15 + gain) / 2.0, (0.15 - gain) / 2.0
    ours_right, theirs_right = drawn_at >= losses + 0.1, (drawn_at >= 0.1) & ~(drawn_at >= 1.0 - wins)
    return truth, said(kind, truth, ours_right), said(kind, truth, theirs_right)


def alike(rng: np.random.Generator, rows: int, strength: float) -> np.ndarray:
    """An autoregressive series with variance one."""
    noise, series = rng.normal(size=rows) * np.sqrt(1.0 - strength**2), np.zeros(rows)
    series[0] = rng.normal()
    for place in range(1, rows):
        series[place] = strength * series[place - 1] + noise[place]
    return series


def said(kind: str, truth: np.ndarray, right: np.ndarray) -> Predictions:
    labels = LABELS[kind]
    predicted = np.where(right, truth, (truth + 1) % labels)
    sure = np.where(predicted[:, None] == np.arange(labels), 0.7, 0.3 / (labels - 1))
    return pd.DataFrame({"prediction": predicted, **{f"p_{one}": sure[:, one] for one in range(labels)}})


def planted(
    rng: np.random.Generator, rows: int, lost: float
) -> tuple[np.ndarray, Predictions, Predictions, pd.DataFrame]:
    """Five features; in one of ten shops, ``lost`` points fewer. Elsewhere, as good, but not on the same rows."""
    table = pd.DataFrame(rng.normal(size=(rows, 4)), columns=list("abcd"))
    table["shop"] = rng.choice([f"shop {one}" for one in range(10)], rows)
    truth = rng.integers(0, 2, rows)
    theirs = rng.random(rows) < 0.85
    ours = np.where(rng.random(rows) < 0.05, rng.random(rows) < 0.85, theirs)
    ours &= ~((table["shop"] == "shop 3").to_numpy() & (rng.random(rows) < lost / 0.85))
    return truth, said("binary", truth, ours), said("binary", truth, theirs), table


def seasons(
    rng: np.random.Generator, rows: int, strength: float
) -> tuple[np.ndarray, Predictions, Predictions, pd.DataFrame]:
    """Two models equally good on the whole and in every part; a feature that changes as slowly as the weather."""
    truth, ours, theirs = apart("regression", rng, rows, 0.0, strength=strength)
    table = pd.DataFrame({"shop": rng.choice([f"shop {one}" for one in range(10)], rows)})
    table["season"], table["x"] = alike(rng, rows, 0.99), rng.normal(size=rows)
    return truth, ours, theirs, table


def swapped(rng: np.random.Generator, ours: Predictions, theirs: Predictions) -> tuple[Predictions, Predictions]:
    """Let a coin say for every row which of two models predicts it: neither side can be better."""
    heads = np.repeat(rng.random((len(ours), 1)) < 0.5, ours.shape[1], axis=1)
    return ours.where(heads, theirs), theirs.where(heads, ours)


def champion_and_equals(
    kind: str, rng: np.random.Generator, rows: int, others: int
) -> tuple[np.ndarray, Predictions, list[Predictions]]:
    """A champion, and challengers that are exactly as good as it is, all of them judged on the same rows."""
    if kind == "regression":
        truth, own = np.zeros(rows), rng.normal(size=rows)
        errors = [0.9 * own + np.sqrt(1.0 - 0.9**2) * rng.normal(size=rows) for _ in range(others)]
        return truth, pd.DataFrame({"prediction": own}), [pd.DataFrame({"prediction": one}) for one in errors]
    truth = rng.integers(0, LABELS[kind], rows)
    right = rng.random(rows) < 0.8
    lost, won = 0.075 / 0.8, 0.075 / 0.2
    masks = [np.where(rng.random(rows) < np.where(right, lost, won), ~right, right) for _ in range(others)]
    return truth, said(kind, truth, right), [said(kind, truth, mask) for mask in masks]
