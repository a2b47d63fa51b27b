"""What the loop costs beside the bare work: `evergreen run` against a plain pandas + scikit-learn script.

Both go over the same stream in weekly batches, do the same fits (each challenger, each refit) and the same scores
(champion, retired champions, champion and challenger on the held-out rows). The plain script keeps no record, checks
nothing, measures no drift and decides nothing: it is told when to retrain. That is the limit; ours is its multiple.

    python benchmarks/overhead.py [--csv FILE --time ts --target price_up --batch 7d] [--repeats 3]

Without ``--csv`` it takes ../shared/data/electricity.csv.gz if that is there, else a generated stream of the same
shape.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ELECTRICITY = ROOT.parent / "shared" / "data" / "electricity.csv.gz"
TARGET_RATIO = 1.3
SPEC = """\
model: overhead
problem: {{kind: classification, target: {target}}}
source: {{kind: file, path: "{csv}"}}
time: {{column: {time}, batch: {batch}}}
training: {{window: {{kind: all}}}}
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


def ours(spec_path: str, start: str, end: str, plan_path: str) -> None:
    """Run the loop; leave the plan (what was fitted and scored when) for the plain script."""
    from ml.domain.windows import parse_moment
    from ml.flows.loop import run
    from ml.flows.workspace import Workspace
    from ml.settings import Settings
    from ml.specs import load_spec

    spec = load_spec(Path(spec_path))
    with Workspace.open(Settings.from_environment()) as workspace:
        outcomes = run(workspace, spec, start=parse_moment(start), end=parse_moment(end))
        with workspace.registry.read() as reader:
            versions = {version.run_key: version for version in reader.versions(spec.model)}
            scorings = reader.scorings(spec.model)
    plan = []
    for outcome in outcomes:
        version = versions.get(outcome.decision.id) if outcome.decision else None
        plan.append(
            {
                "start": outcome.window.start.isoformat(),
                "end": outcome.window.end.isoformat(),
                "score": [scoring.version for scoring in scorings if scoring.window == outcome.window],
                "train": None
                if version is None or outcome.verdict is None
                else {
                    "version": version.version,
                    "holdout_from": version.manifest["holdout_from"],
                    "champion": outcome.verdict.champion,
                    "refit": outcome.verdict.refitted,
                },
            }
        )
    Path(plan_path).write_text(json.dumps(plan))


def plain(csv: str, time_column: str, target: str, plan_path: str) -> None:
    """Do the fits and scores of the plan, and nothing else."""
    import pandas as pd
    from sklearn.ensemble import HistGradientBoostingClassifier

    frame = pd.read_csv(csv)
    frame[time_column] = pd.to_datetime(frame[time_column], utc=True)
    features = [name for name in frame.columns if name not in {time_column, target}]
    moments = frame[time_column]
    models = {}
    for batch in json.loads(Path(plan_path).read_text()):
        rows = frame[(moments >= batch["start"]) & (moments < batch["end"])]
        for version in batch["score"]:
            (models[version].predict_proba(rows[features]).argmax(axis=1) == rows[target]).mean()
        todo = batch["train"]
        if todo is None:
            continue
        known = frame[moments < batch["end"]]
        held_out = known[time_column] >= todo["holdout_from"]
        train, holdout = known[~held_out], known[held_out]
        model = HistGradientBoostingClassifier(random_state=0).fit(train[features], train[target])
        model.predict_proba(holdout[features])
        if todo["champion"] is not None:
            models[todo["champion"]].predict_proba(holdout[features])
        if todo["refit"]:
            model = HistGradientBoostingClassifier(random_state=0).fit(known[features], known[target])
        models[todo["version"]] = model


def measured(arguments: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Run one child process; return its CPU and wall seconds."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, __file__, *arguments], check=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.perf_counter() - started


def compare(options: argparse.Namespace, folder: Path) -> bool:
    """Print one table; return whether the target is met."""
    import pandas as pd

    from ml.domain.windows import parse_duration

    csv = options.csv or (ELECTRICITY if ELECTRICITY.exists() else folder / "stream.csv")
    if not Path(csv).exists():
        generated(Path(csv))
    moments = pd.to_datetime(pd.read_csv(csv, usecols=[options.time])[options.time], utc=True)
    start = moments.min().floor("D").isoformat()
    end = (moments.max().to_pydatetime() + parse_duration(options.batch)).isoformat()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    rows = []
    for report in ("never", "on_retrain"):
        spec = folder / f"{report}.yaml"
        spec.write_text(
            SPEC.format(
                target=options.target, csv=Path(csv).resolve(), time=options.time, batch=options.batch, report=report
            )
        )
        for repeat in range(options.repeats):
            plan = folder / f"plan-{report}-{repeat}.json"
            home = {**environment, "EVERGREEN_HOME": str(folder / f"home-{report}-{repeat}")}
            loop = measured(["--ours", str(spec), start, end, str(plan)], home)
            bare = measured(["--plain", str(csv), options.time, options.target, str(plan)], environment)
            rows.append((report, *loop, *bare))
            print(".", end="", file=sys.stderr, flush=True)
        done = json.loads((folder / f"plan-{report}-0.json").read_text())
    trained = [batch for batch in done if batch["train"]]
    print(
        f"\n{Path(csv).name}: {len(done)} batches, {len(trained)} trainings, {options.repeats} pairs of runs, medians"
    )
    print(f"{'Evidently reports':>18} {'ours CPU s':>11} {'plain CPU s':>12} {'CPU ratio':>10} {'wall ratio':>11}")
    met = True
    for report in ("never", "on_retrain"):
        mine = [row for row in rows if row[0] == report]
        cpu = statistics.median(row[1] / row[3] for row in mine)
        wall = statistics.median(row[2] / row[4] for row in mine)
        met = met and (report != "never" or cpu <= TARGET_RATIO)
        print(
            f"{report:>18} {statistics.median(row[1] for row in mine):11.1f}"
            f" {statistics.median(row[3] for row in mine):12.1f} {cpu:10.2f} {wall:11.2f}"
        )
    verdict = "met" if met else "MISSED"
    print(f"target: CPU ratio at most {TARGET_RATIO} without reports (the plain script draws none): {verdict}")
    return met


def main() -> int:
    """Dispatch: the parent compares, the children do one side each."""
    if sys.argv[1:2] == ["--ours"]:
        ours(*sys.argv[2:])
        return 0
    if sys.argv[1:2] == ["--plain"]:
        plain(*sys.argv[2:])
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--time", default="ts")
    parser.add_argument("--target", default="price_up")
    parser.add_argument("--batch", default="7d")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return 0 if compare(options, Path(folder)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
