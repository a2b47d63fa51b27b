"""Pictures for the documentation."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from retraining.matrices import Matrix
from retraining.ours import Learned
from retraining.protocol import Setting, hindsight, play
from retraining.streams import BATCHES
from retraining.tables import Result

OURS, OTHER, LIMIT = "#1b7f4b", "#9aa5ad", "#c2571a"


def save_pictures(folder: Path, results: list[Result], matrix: Matrix) -> None:
    """Write ``policies-regret.png`` and ``policies-stream.png``."""
    import matplotlib as mpl

    mpl.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    _regret(folder / "policies-regret.png", results)
    _stream(folder / "policies-stream.png", matrix)


def _regret(path: Path, results: list[Result]) -> None:
    from matplotlib import pyplot as plt

    drifting = [one for one in results if one.group in {"real", "synthetic"} and one.policy != "hindsight"]
    names = list(dict.fromkeys(one.policy for one in drifting))
    means = {name: np.mean([one.regret for one in drifting if one.policy == name]) for name in names}
    names.sort(key=lambda name: -means[name])
    figure, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
    bars = axes.barh(
        names, [means[name] for name in names], color=[OURS if "plan" in name else OTHER for name in names]
    )
    axes.bar_label(bars, fmt="%.1f", padding=3)
    axes.set_xlabel("mean regret against the best choice in hindsight, % (streams with drift)")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _stream(path: Path, matrix: Matrix) -> None:
    from matplotlib import pyplot as plt

    setting = Setting(0, 0.02, (1,))
    run = play(matrix, setting, Learned("plan"))
    _, best = hindsight(matrix, setting)
    first = run.first_served
    at = np.arange(first, BATCHES)
    served = [matrix.means[w, trained, batch] for (w, trained), batch in zip(run.served, at, strict=True)]
    figure, axes = plt.subplots(figsize=(9, 3.6), layout="constrained")
    axes.plot(at, matrix.means[0, first - 1, first:], color=OTHER, label="never retrained")
    axes.plot(at, served, color=OURS, label="learned plan")
    for number, arrived in enumerate(run.lives):
        axes.axvline(arrived - 0.5, color=OURS, lw=0.8, ls="--", label="went live" if number == 0 else None)
    low = axes.get_ylim()[0]
    looked = [one.until - 0.5 for one in run.comparisons if not one.promoted]
    axes.plot(looked, [low] * len(looked), "|", color="black", ms=9, label="looked, kept")
    axes.plot([moment - 0.5 for moment, _ in best], [low] * len(best), "^", color=LIMIT, label="best in hindsight")
    axes.set(xlabel="batch", ylabel="loss")
    axes.set_title(matrix.name, loc="right", fontsize=9)
    axes.legend(ncols=5, fontsize=8, frameon=False, loc="lower left", bbox_to_anchor=(0, 1.0))
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)
    plt.close(figure)
