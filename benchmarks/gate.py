"""Can the gate be fooled? False promotions, power, planted slices, a slowly degrading sequence.

    nice python benchmarks/gate.py [--quick] [--runs 2000] [--picture FILE]

One process, one thread. Everything goes through ``ml.evaluation.judge``, as in production; worlds are made up, so the
truth is known. Beside each rate stands its 95 % interval (Clopper and Pearson) and what *the higher number wins* does
on the same rows. The tails: the default confidence of 0.95 allows 0.025 of false promotions, over all attempts.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from scipy.stats import beta
from sklearn.linear_model import SGDClassifier, SGDRegressor

from ml.evaluation import Exhibits, Judgement, judge
from ml.problems import PROBLEMS
from ml.specs.gate import GateSpec

ALPHA = 0.025
KINDS = ("binary", "multiclass", "regression")
LABELS = {"binary": 2, "multiclass": 4}
STRICT = {"unsure": "keep", "margin": 0.02}
SUPERIOR = {"comparison": "superior"}
Predictions = pd.DataFrame


@dataclass
class Rate:
    """How often something happened, and how often the higher number would have won."""

    runs: int = 0
    hits: int = 0
    naive: int = 0

    def add(self, judgement: Judgement, passed: bool | None = None) -> None:
        self.runs += 1
        self.hits += judgement.passed if passed is None else passed
        self.naive += judgement.difference is not None and judgement.difference > 0

    def __str__(self) -> str:
        low, high = interval(self.hits, self.runs)
        return f"{self.hits:>5} of {self.runs:<5} {self.hits / self.runs:6.3f} ({low:.3f} to {high:.3f})"

    @property
    def naive_share(self) -> str:
        return f"{self.naive / self.runs:6.3f}"


def interval(hits: int, runs: int) -> tuple[float, float]:
    low = 0.0 if hits == 0 else float(beta.ppf(0.025, hits, runs - hits + 1))
    return low, 1.0 if hits == runs else float(beta.ppf(0.975, hits + 1, runs - hits))


def judged(
    kind: str,
    truth: np.ndarray,
    ours: Predictions,
    theirs: Predictions,
    gate: dict[str, object],
    *,
    attempts: int = 0,
    best: Predictions | None = None,
    rows: pd.DataFrame | None = None,
) -> Judgement:
    return judge(
        gate=GateSpec.model_validate(gate, strict=False),
        problem=PROBLEMS["regression" if kind == "regression" else "classification"],
        metric="mean_absolute_error" if kind == "regression" else "accuracy",
        truth=pd.DataFrame({"y": truth}),
        challenger=ours,
        champion=theirs,
        dummy=None,
        seed=0,
        exhibits=Exhibits(
            attempts=attempts, best=best, rows=rows, features=() if rows is None else tuple(rows.columns)
        ),
    )


# -- same algorithm, other seed ---------------------------------------------------------------------------------------


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


def is_better(kind: str, ours: Any, theirs: Any, rng: np.random.Generator) -> bool:
    """Whether ours is better on 20,000 further rows."""
    table, target = drawn(kind, rng, 20_000)
    found = judged(kind, target, predicted(ours, table), predicted(theirs, table), {})
    return found.difference is not None and found.difference > 0


def same_algorithm(runs: int) -> None:
    """Each pair on rows of its own: 1000 to learn from, 400 held out. Two seeds are never quite equally good, so who is
    promoted is looked at on further rows: *false* is one that is no better there. At a first attempt the default blocks
    what the plain interval says is worse: one verdict tells both.
    """
    print(f"\n## Challengers of the same algorithm with another seed, {runs} a kind\n")
    print("| problem | superior: promoted | of these false | *higher number wins* | default: blocked |")
    print("| --- | --- | --- | --- | --- |")
    for kind in KINDS:
        rng, further = np.random.default_rng(1), np.random.default_rng(8)
        superior, false, blocked = Rate(), Rate(), Rate()
        for run in range(runs):
            table, target = drawn(kind, rng, 1400)
            models = [fitted(kind, table[:1000], target[:1000], 2 * run + one) for one in (0, 1)]
            sides = [predicted(one, table[1000:]) for one in models]
            found = judged(kind, target[1000:], *sides, {"comparison": "superior"})
            superior.add(found)
            false.add(found, found.passed and not is_better(kind, *models, further))
            blocked.add(found, found.interval is not None and found.interval[1] < 0)
        print(f"| {kind} | {superior} | {false} | {superior.naive_share} | {blocked} |", flush=True)


def lottery(sets: int, attempts: int) -> None:
    """Many challengers against one champion on the same 400 rows: is any of them promoted that is no better?"""
    print(f"\n## {attempts} such challengers on the same held-out rows, {sets} sets of rows: any false promotion\n")
    print("| problem | superior | superior, attempts not counted | *higher number wins* |\n| --- | --- | --- | --- |")
    for kind in KINDS:
        rng, further = np.random.default_rng(2), np.random.default_rng(8)
        rates = Rate(), Rate(), Rate()
        for run in range(sets):
            table, target = drawn(kind, rng, 1400)
            champion, *others = (
                fitted(kind, table[:1000], target[:1000], 1000 * run + one) for one in range(attempts + 1)
            )
            there = predicted(champion, table[1000:])
            for rate, use, naive in zip(rates, (1, 0, 0), (False, False, True), strict=True):
                verdicts = [
                    (one, judged(kind, target[1000:], predicted(one, table[1000:]), there, SUPERIOR, attempts=at * use))
                    for at, one in enumerate(others)
                ]
                passed = [one for one, found in verdicts if (found.difference or 0.0) > 0 and (naive or found.passed)]
                rate.add(verdicts[0][1], not all(is_better(kind, one, champion, further) for one in passed))
        print(f"| {kind} | " + " | ".join(map(str, rates)) + " |", flush=True)


# -- a known difference -----------------------------------------------------------------------------------------------


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


def truly_worse(runs: int) -> None:
    """A challenger that is worse by exactly the margin, or by more."""
    print(f"\n## Non-inferior within 0.02: challengers that are truly worse by just that, {runs} a line\n")
    print("| problem | rows | `unsure: keep` promoted | *higher number wins* |\n| --- | --- | --- | --- |")
    for kind in KINDS:
        for rows in (200, 2000):
            rng, rate = np.random.default_rng(3), Rate()
            for _ in range(runs):
                rate.add(judged(kind, *apart(kind, rng, rows, -0.02), STRICT))
            print(f"| {kind} | {rows} | {rate} | {rate.naive_share} |", flush=True)
    for strength in (0.5, 0.8):
        rng, rate = np.random.default_rng(4), Rate()
        for _ in range(runs):
            rate.add(judged("regression", *apart("regression", rng, 2000, -0.02, strength=strength), STRICT))
        print(f"| regression, neighbours' errors alike ({strength}) | 2000 | {rate} | {rate.naive_share} |")


def power(runs: int, rows: int, picture: Path | None) -> None:
    """The share that goes live by the true improvement."""
    gains = np.round(np.arange(-0.06, 0.0601, 0.01), 2)
    gates: dict[str, dict[str, object]] = {"default": {}, "unsure: keep, margin 0.02": STRICT}
    gates["superior"] = {"comparison": "superior"}
    print(f"\n## Promoted by true improvement, binary, {rows} rows, {runs} runs a number\n")
    print("| true gain | " + " | ".join(gates) + " | *higher number wins* |")
    print("| --- " * (len(gates) + 2) + "|")
    curves: dict[str, list[float]] = {name: [] for name in (*gates, "higher number wins")}
    for gain in gains:
        rng, rates = np.random.default_rng(5), {name: Rate() for name in gates}
        for _ in range(runs):
            made = apart("binary", rng, rows, float(gain))
            for name, gate in gates.items():
                rates[name].add(judged("binary", *made, gate))
        for name, rate in rates.items():
            curves[name].append(rate.hits / rate.runs)
        curves["higher number wins"].append(rates["default"].naive / runs)
        print(f"| {gain:+.2f} | " + " | ".join(f"{curve[-1]:.3f}" for curve in curves.values()) + " |")
    if picture is not None:
        draw(picture, gains, curves)


def draw(picture: Path, gains: np.ndarray, curves: dict[str, list[float]]) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), dpi=150)
    for (name, curve), style in zip(curves.items(), ("-", "-", "-", ":"), strict=True):
        axes.plot(gains, curve, style, marker="." if style == "-" else None, label=name)
    axes.axvline(0.0, color="0.8", linewidth=1)
    axes.set_xlabel("true gain in accuracy")
    axes.set_ylabel("share promoted")
    axes.legend(frameon=False, fontsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.tight_layout()
    figure.savefig(picture)


# -- slices -----------------------------------------------------------------------------------------------------------


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


def slices(runs: int) -> None:
    """Does the gate name the shop; and does it cry where nothing is wrong?"""
    print(f"\n## A loss of 5 points in one of ten shops, {runs} runs a line\n")
    print("| parts | held-out rows | the shop is named | something is named where nothing is wrong |")
    print("| --- | --- | --- | --- |")
    for name, spec in (("`columns: [shop]`", {"columns": ["shop"], "found": False}), ("found by trees", {})):
        for rows in (5000, 10_000):
            rng, caught, false = np.random.default_rng(6), Rate(), Rate()
            for lost, rate in ((0.05, caught), (0.0, false)):
                for _ in range(runs):
                    truth, ours, theirs, table = planted(rng, rows, lost)
                    found = judged("binary", truth, ours, theirs, {"slices": spec}, rows=table)
                    named = [one.subject for one in found.findings if one.code == "PG009" and one.outcome == "failed"]
                    rate.add(found, any("shop 3" in one for one in named) if lost else bool(named))
            print(f"| {name} | {rows} | {caught} | {false} |", flush=True)


# -- a slow decline ---------------------------------------------------------------------------------------------------


def walks(count: int) -> None:
    """Fifty challengers in a row, each truly worse by 0.004 than the champion that it meets; 1000 fresh rows each."""
    print(f"\n## Fifty challengers, each 0.004 worse than the champion before it; {count} sequences, 1000 rows each\n")
    print("| gate | compared with the best so far | lost at the end: mean | worst |\n| --- | --- | --- | --- |")
    for name, gate in (("default", {}), ("`unsure: keep`, margin 0.02", STRICT)):
        for remembers in (True, False):
            lost = list(walked(count, gate, remembers=remembers))
            print(f"| {name} | {'yes' if remembers else 'no'} | {np.mean(lost):.4f} | {np.max(lost):.4f} |", flush=True)


def walked(count: int, gate: dict[str, object], *, remembers: bool) -> Iterator[float]:
    rng = np.random.default_rng(7)
    for _ in range(count):
        level = 0.85
        best = level
        for _ in range(50):
            truth, shared = rng.integers(0, 2, 1000), rng.random(1000)
            right = {
                one: np.where(rng.random(1000) < 0.15, rng.random(1000), shared) < one
                for one in {level - 0.004, level, best}
            }
            sides = {one: said("binary", truth, mask) for one, mask in right.items()}
            other = sides[best] if remembers and best != level else None
            found = judged("binary", truth, sides[level - 0.004], sides[level], gate, best=other)
            if found.passed:
                level -= 0.004
                best = level if found.leads else best
        yield 0.85 - level


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs")
    parser.add_argument("--runs", type=int, default=2000, help="challengers per problem kind (2000)")
    parser.add_argument("--parts", nargs="*", help="only these of: same, lottery, worse, power, slices, walks")
    parser.add_argument("--picture", type=Path, help="where to save the power curve")
    options = parser.parse_args()
    runs = max(options.runs // 10, 20) if options.quick else options.runs
    began = time.process_time()
    parts: dict[str, Callable[[], None]] = {
        "same": lambda: same_algorithm(runs),
        "worse": lambda: truly_worse(max(runs // 4, 20)),
        "walks": lambda: walks(max(runs // 80, 5)),
        "slices": lambda: slices(max(runs // 20, 10)),
        "power": lambda: power(max(runs // 20, 20), 1000, options.picture),
        "lottery": lambda: lottery(max(runs // 40, 10), 20),
    }
    for name in options.parts or parts:
        parts[name]()
    print(f"\n{time.process_time() - began:.0f} CPU seconds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
