"""What the gate shows: power over true gains, and planted losses in a part of the rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gating.rates import STRICT, Rate, judged
from gating.worlds import apart, planted, seasons
from ml.evaluation import Judgement


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
                    named = named_by(found)
                    rate.add(found, any("shop 3" in one for one in named) if lost else bool(named))
            print(f"| {name} | {rows} | {caught} | {false} |", flush=True)


def named_by(found: Judgement) -> list[str]:
    """Return the parts of the rows that the gate says are worse."""
    return [one.subject for one in found.findings if one.code == "PG009" and one.outcome == "failed"]


def alike_slices(runs: int) -> None:
    """Does the gate cry where no part got worse, but the errors of neighbours are alike?"""
    print(f"\n## No part is worse, neighbours' errors are alike: a part is named, {runs} runs a line\n")
    print("| held-out rows | errors alike | `columns: [shop, season]` | found by trees |\n| --- | --- | --- | --- |")
    for rows in (500, 2000):
        for strength in (0.0, 0.5, 0.8):
            rates = []
            for spec in ({"columns": ["shop", "season"], "found": False}, {}):
                rng, rate = np.random.default_rng(11), Rate()
                for _ in range(runs):
                    truth, ours, theirs, table = seasons(rng, rows, strength)
                    found = judged("regression", truth, ours, theirs, {"slices": spec}, rows=table)
                    rate.add(found, bool(named_by(found)))
                rates.append(rate)
            print(f"| {rows} | {strength:g} | " + " | ".join(map(str, rates)) + " |", flush=True)
