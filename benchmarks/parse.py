"""What a thousand models cost to parse: ours against the same operators written plainly, and against dag-factory.

Every model is two DAGs with nine tasks together. The plain ones are built in a loop from literals: same operators,
arguments, assets and documentation, no spec to read, no form. That is the limit; ours and dag-factory's are multiples
of it. CPU seconds after all imports, one fresh process each, all from this run.

    python benchmarks/parse.py [--models 1000] [--repeats 3] [--processor]

dag-factory is measured if it can be imported; to have it without touching the environment:

    pip install --no-deps --target .peer dag-factory==1.1.0   # then: PYTHONPATH=.peer python benchmarks/parse.py

``--processor`` also starts a real DAG processor on a fresh SQLite database, with Airflow's default timeouts, and counts
the DAGs that it registers from one DAG file per 100 models.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from contenders import CONTENDERS, ROOT, write_specs

TARGET_RATIO = 1.3
TARGET_OWN_MS = 50.0
PER_FILE = 100


def own_parse(folder: Path, models: int) -> dict[str, float]:
    """What a task pays at its start beyond imports, with the filter, among all the other models."""
    write_specs(folder / "specs", models)
    sys.path.insert(0, str(ROOT / "dags"))
    from evergreen_dags.factory import build_dags

    os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = f"m{models // 2:04}.retrain"
    os.environ["_AIRFLOW_PARSING_CONTEXT_TASK_ID"] = "train"
    started = time.process_time()
    dags = build_dags(folder / "specs")
    seconds = time.process_time() - started
    return {"ms": seconds * 1000, "dags": len(dags)}


def measure(contender: str, folder: Path, models: int) -> dict[str, float]:
    if contender == "own_parse":
        return own_parse(folder, models)
    warm = folder / "warm"
    warm.mkdir()
    from airflow.serialization.serialized_objects import DagSerialization

    for dag in CONTENDERS[contender](warm, 2)().values():
        DagSerialization.to_dict(dag)
    build = CONTENDERS[contender](folder, models)
    started = time.process_time()
    dags = [dag for dag in build().values() if hasattr(dag, "task_dict")]
    parsed = time.process_time()
    for dag in dags:
        DagSerialization.to_dict(dag)
    serialised = time.process_time()
    return {
        "parse": parsed - started,
        "serialise": serialised - parsed,
        "dags": len(dags),
        "tasks": sum(len(dag.task_dict) for dag in dags),
    }


def clean_environment() -> dict[str, str]:
    foreign = ("AIRFLOW", "_AIRFLOW", "EVERGREEN")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def in_fresh_process(contender: str, models: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **clean_environment(),
            "AIRFLOW_HOME": str(Path(folder) / "airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        }
        arguments = [sys.executable, __file__, "--measure", contender, "--folder", folder, "--models", str(models)]
        done = subprocess.run(arguments, env=environment, check=True, capture_output=True, text=True)
        return dict(json.loads(done.stdout.splitlines()[-1]))


def processor(models: int) -> str:
    """Load all models by a real DAG processor, from DAG files of about 100 models, within Airflow's own timeouts."""
    parts = max(1, models // PER_FILE)
    with tempfile.TemporaryDirectory() as folder:
        dags = Path(folder) / "dags"
        dags.mkdir()
        write_specs(Path(folder) / "specs", models)
        (dags / "evergreen_dags").symlink_to(ROOT / "dags" / "evergreen_dags")
        (dags / ".airflowignore").write_text((ROOT / "dags" / ".airflowignore").read_text())
        for part in range(1, parts + 1):
            call = f"build_dags(part={part}, parts={parts})"
            text = f'"""Airflow DAGs."""\nfrom evergreen_dags.factory import build_dags\nglobals().update({call})\n'
            (dags / f"evergreen_{part:02}.py").write_text(text)
        home = Path(folder) / "airflow"
        environment = {
            **clean_environment(),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "EVERGREEN_MODELS_DIR": str(Path(folder) / "specs"),
        }
        airflow = [sys.executable, "-m", "airflow"]
        subprocess.run([*airflow, "db", "migrate"], env=environment, check=True, capture_output=True)
        started = time.perf_counter()
        subprocess.run([*airflow, "dag-processor", "--num-runs", "1"], env=environment, check=True, capture_output=True)
        seconds = time.perf_counter() - started
        with sqlite3.connect(home / "airflow.db") as database:
            (registered,) = database.execute("select count(*) from serialized_dag").fetchone()
            (errors,) = database.execute("select count(*) from import_error").fetchone()
    seen = f"{registered} of {2 * models} DAGs from {parts} DAG files, {errors} import errors"
    return f"DAG processor: {seen}, {seconds:.0f} s wall"


def report(models: int, repeats: int) -> bool:
    contenders = [name for name in CONTENDERS if name != "dag_factory" or importlib.util.find_spec("dagfactory")]
    runs = {name: [in_fresh_process(name, models) for _ in range(repeats)] for name in contenders}
    medians = {
        name: {key: statistics.median(run[key] for run in found) for key in found[0]} for name, found in runs.items()
    }
    limit = medians["bare"]
    print(f"{models} models, CPU seconds after imports, median of {repeats}\n")
    print(f"{'':16}{'DAGs':>7}{'tasks':>7}{'parse':>9}{'ratio':>7}{'serialise':>11}{'ratio':>7}")
    for name, found in medians.items():
        ratios = {key: found[key] / limit[key] for key in ("parse", "serialise")}
        print(
            f"{name:16}{found['dags']:7.0f}{found['tasks']:7.0f}{found['parse']:9.2f}{ratios['parse']:7.2f}"
            f"{found['serialise']:11.2f}{ratios['serialise']:7.2f}"
        )
    if "dag_factory" not in medians:
        print("dag_factory      absent: see the top of this file for how to have it")
    own = statistics.median(in_fresh_process("own_parse", models)["ms"] for _ in range(repeats))
    ratio = medians["ours"]["parse"] / limit["parse"]
    print(f"\nA task's own parse, beyond imports: {own:.1f} ms of CPU (target {TARGET_OWN_MS:.0f})")
    print(f"Parse against bare: {ratio:.2f} (target {TARGET_RATIO})")
    return ratio <= TARGET_RATIO and own <= TARGET_OWN_MS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--processor", action="store_true")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure, arguments.folder, arguments.models)))
        return 0
    met = report(arguments.models, arguments.repeats)
    if arguments.processor:
        print(processor(arguments.models))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
