"""What the loop costs beside the bare work: `evergreen run` against a plain pandas + scikit-learn script.

Both go over the same stream in weekly batches and do the same fits and scores: a candidate on each training window that
was tried, each refit, the constant that a version must beat; the predictions and the primary metric of candidates,
champion, retired champions and whom the gate compares with. That they do is checked: every score of the plain script
must equal the recorded one to the last bit. The plain script keeps no record, checks nothing, measures no drift and
decides nothing: it is told when to retrain, on which rows, and what went live. That is the limit; ours is its multiple.

    python benchmarks/overhead.py [--csv FILE --time ts --target price_up --batch 7d] [--report never] [--repeats 5]

Without ``--csv`` it takes ../shared/data/electricity.csv.gz if that is there, else a generated stream of the same
shape. ``evergreen run`` is measured as a person calls it: a process of its own, from its start to its table. With
``--report on_retrain``, the default of a spec, it also draws Evidently's HTML page at every retraining.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ELECTRICITY = ROOT.parent / "shared" / "data" / "electricity.csv.gz"
TARGET_RATIO = 1.3
Pair = tuple[float, float, float, float]
"""CPU and wall seconds of ours, then of the plain script."""
SPEC = """\
model: overhead
problem: {{kind: classification, target: {target}}}
source: {{kind: file, path: "{csv}"}}
time: {{column: {time}, batch: {batch}}}
monitoring: {{report: {report}}}
"""


def generated(path: Path) -> None:
    """Write a stream of 45,000 rows with 7 features and a slowly turning concept."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    rows = 45_000
    features = rng.normal(size=(rows, 7))
    angle = np.linspace(0, 1.5, rows)
    truth = np.cos(angle) * features[:, 0] + np.sin(angle) * features[:, 1] + rng.normal(scale=0.5, size=rows) > 0
    frame = pd.DataFrame(features, columns=[f"x{i}" for i in range(7)])
    frame.insert(
        0, "ts", pd.date_range("2024-01-01", periods=rows, freq="30min", tz="UTC").strftime("%Y-%m-%dT%H:%M:%SZ")
    )
    frame.assign(price_up=truth.astype(int)).to_csv(path, index=False)


def write_plan(spec_path: str, plan_path: str) -> None:
    """Read from the records what was fitted and scored when, on which rows, and with which result."""
    from ml.domain.records import Quantity
    from ml.flows.workspace import Workspace
    from ml.settings import Settings
    from ml.specs import load_spec

    spec = load_spec(Path(spec_path))
    with Workspace.open(Settings.from_environment()) as workspace, workspace.registry.read() as reader:
        versions = {version.run_key: version for version in reader.versions(spec.model)}
        scorings = reader.scorings(spec.model)
        measured = {
            (one.window, one.version): one.value
            for one in reader.observations(spec.model)
            if one.quantity is Quantity.METRIC and one.subject == spec.problem.metric
        }
        plan = [
            {
                "start": decision.window.start.isoformat(),
                "end": decision.window.end.isoformat(),
                "score": [
                    {"version": one.version, "metric": measured[one.window, one.version]}
                    for one in scorings
                    if one.window == decision.window
                ],
                "train": trained(workspace, reader, spec, versions.get(decision.id)),
            }
            for decision in reader.decisions(spec.model)
        ]
    Path(plan_path).write_text(json.dumps(plan))


def trained(workspace: Any, reader: Any, spec: Any, version: Any) -> dict[str, Any] | None:
    """Say what one retraining fitted: each on so many of the newest rows before the held-out ones, or of all."""
    if version is None:
        return None
    from ml.flows.exhibits import best_of

    windows = version.manifest["windows"]
    gate = reader.gate_result(spec.model, version.version)
    numbers = {"champion": gate.champion, "dummy": None}
    if gate.champion is not None:
        numbers["best"] = best_of(reader.gate_result(spec.model, gate.champion), gate.champion)
    return {
        "version": version.version,
        "holdout_from": version.manifest["holdout_from"],
        "candidates": [{"rows": one["rows"], "metric": one["metric"]} for one in windows],
        "picked": [one["window"] for one in windows].index(version.manifest["window"]),
        "rivals": [
            {"version": numbers[who], "metric": values[spec.problem.metric]}
            for who, values in gate.metrics.items()
            if who != "challenger"
        ],
        "refit_rows": refitted(workspace, reader, spec, version) if gate.refitted else None,
    }


def refitted(workspace: Any, reader: Any, spec: Any, version: Any) -> int:
    """Return on how many of the newest labelled rows a version was fitted again."""
    from ml.flows.rows import labelled_rows
    from ml.flows.train import window_of
    from ml.training import Split, refit_set

    known = labelled_rows(workspace, reader, spec, as_of=version.as_of)
    nothing, until = known.frame.iloc[:0], known.until or version.as_of
    split = Split(known.frame, known.batches, spec.time.column, nothing, holdout_from=until, trained_until=until)
    return len(refit_set(split, window_of(version)).rows)


def plain(csv: str, time_column: str, target: str, plan_path: str) -> None:
    """Do the fits and scores of the plan, and nothing else."""
    import pandas as pd

    frame = pd.read_csv(csv)
    frame[time_column] = pd.to_datetime(frame[time_column], utc=True)
    moments = frame[time_column]
    script = Plain([name for name in frame.columns if name not in {time_column, target}], target)
    for batch in json.loads(Path(plan_path).read_text()):
        rows = frame[(moments >= batch["start"]) & (moments < batch["end"])]
        for scored in batch["score"]:
            script.score(script.models[scored["version"]], rows, scored["metric"])
        if batch["train"] is not None:
            known = frame[moments < batch["end"]]
            script.retrain(known, known[time_column] >= batch["train"]["holdout_from"], batch["train"])


class Plain:
    """What a script without Evergreen does; it stops if a score is not the recorded one."""

    def __init__(self, features: list[str], target: str) -> None:
        self.features, self.target = features, target
        self.models: dict[int, Any] = {}

    def fit(self, rows: Any) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(random_state=0).fit(rows[self.features], rows[self.target])

    def constant(self, rows: Any) -> Any:
        from sklearn.dummy import DummyClassifier

        return DummyClassifier().fit(rows[self.features], rows[self.target])

    def score(self, model: Any, rows: Any, recorded: float) -> None:
        predicted = model.classes_[model.predict_proba(rows[self.features]).argmax(axis=1)]
        accuracy = float((predicted == rows[self.target].to_numpy()).mean())
        if accuracy != recorded:
            raise SystemExit(f"the plain script scores {accuracy!r} where {recorded!r} is on record")

    def retrain(self, known: Any, held_out: Any, todo: dict[str, Any]) -> None:
        train, holdout = known[~held_out], known[held_out]
        candidates = [self.fit(train.iloc[-one["rows"] :]) for one in todo["candidates"]]
        for model, one in zip(candidates, todo["candidates"], strict=True):
            self.score(model, holdout, one["metric"])
        learned = train.iloc[-todo["candidates"][todo["picked"]]["rows"] :]
        for one in todo["rivals"]:
            rival = self.constant(learned) if one["version"] is None else self.models[one["version"]]
            self.score(rival, holdout, one["metric"])
        refit = todo["refit_rows"]
        chosen = candidates[todo["picked"]]
        self.models[todo["version"]] = chosen if refit is None else self.fit(known.iloc[-refit:])


def measured(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Run one child process; return its CPU and wall seconds."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, env=environment, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.perf_counter() - started


def compare(options: argparse.Namespace, folder: Path) -> bool:
    """Print one table; return whether the target is met."""
    compileall.compile_dir(ROOT / "ml", quiet=1)  # as an installed package is: no start pays for it again
    csv = options.csv or (ELECTRICITY if ELECTRICITY.exists() else folder / "stream.csv")
    if not csv.exists():
        generated(csv)
    span, spec, plan = span_of(csv, options), str(folder / "overhead.yaml"), str(folder / "plan.json")
    columns = {"csv": csv.resolve(), "time": options.time, "target": options.target, "batch": options.batch}
    Path(spec).write_text(SPEC.format(**columns, report=options.report))
    pairs: list[Pair] = []
    for repeat in range(options.repeats):
        home = str(folder / f"home-{repeat}")
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "EVERGREEN_HOME": home}
        loop = measured(["-m", "ml.cli", "run", spec, *span], environment)
        measured([__file__, "--plan", spec, plan], environment)
        bare = measured([__file__, "--plain", str(csv), options.time, options.target, plan], environment)
        pairs.append((*loop, *bare))
        print(f"{loop[0]:.1f} / {bare[0]:.1f} = {loop[0] / bare[0]:.2f}", file=sys.stderr, flush=True)
    print_table(csv.name, json.loads(Path(plan).read_text()), pairs)
    met = ratio(pairs, 0) <= TARGET_RATIO
    verdict = "met" if met else "MISSED"
    print(f"target: CPU ratio at most {TARGET_RATIO} without reports (the plain script draws none): {verdict}")
    return met


def span_of(csv: Path, options: argparse.Namespace) -> list[str]:
    """Return --from and --to over all rows."""
    import pandas as pd

    from ml.domain.windows import parse_duration

    moments = pd.to_datetime(pd.read_csv(csv, usecols=[options.time])[options.time], utc=True)
    end = moments.max().to_pydatetime() + parse_duration(options.batch)
    return ["--from", moments.min().floor("D").isoformat(), "--to", end.isoformat()]


def ratio(pairs: list[Pair], clock: int) -> float:
    """Return the median of ours over the plain script's; clock 0 is CPU, 1 is wall."""
    return statistics.median(pair[clock] / pair[clock + 2] for pair in pairs)


def print_table(name: str, plan: list[dict[str, Any]], pairs: list[Pair]) -> None:
    trainings = [batch["train"] for batch in plan if batch["train"]]
    fits = sum(len(one["candidates"]) + (one["refit_rows"] is not None) for one in trainings)
    judged = sum(len(one["candidates"]) + len(one["rivals"]) for one in trainings)
    scores = judged + sum(len(batch["score"]) for batch in plan)
    print(f"{name}: {len(plan)} batches, {len(trainings)} trainings, {fits} fits, {scores} scores")
    ratios = sorted(pair[0] / pair[2] for pair in pairs)
    ours, bare = (statistics.median(pair[place] for pair in pairs) for place in (0, 2))
    columns = ("pairs", "ours CPU s", "plain CPU s", "CPU ratio", "lowest", "highest", "wall ratio")
    values = (ours, bare, ratio(pairs, 0), ratios[0], ratios[-1], ratio(pairs, 1))
    print(" ".join(f"{column:>11}" for column in columns))
    print(f"{len(pairs):11}", " ".join(f"{value:11.2f}" for value in values))


def main() -> int:
    """Dispatch: the parent compares, the children do one part each."""
    if sys.argv[1:2] == ["--plan"]:
        write_plan(*sys.argv[2:])
        return 0
    if sys.argv[1:2] == ["--plain"]:
        plain(*sys.argv[2:])
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--time", default="ts")
    parser.add_argument("--target", default="price_up")
    parser.add_argument("--batch", default="7d")
    parser.add_argument("--report", choices=("never", "on_retrain"), default="never", help="Evidently's HTML reports")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return 0 if compare(options, Path(folder)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
