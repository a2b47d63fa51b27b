"""MLflow's side of registry.py, run by the interpreter of MLflow's own environment: nothing of ours is imported.

python benchmarks/mlflow_round.py FOLDER ROUNDS
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

NAME = "orders"


def small_classifier() -> Any:
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    features = np.random.default_rng(0).normal(size=(500, 10))
    return LogisticRegression().fit(features, features[:, 0] > 0)


def main(folder: str, rounds: int) -> None:
    """Log, register, set the alias and load, on SQLite; print the milliseconds of each round but the first as JSON."""
    import mlflow  # not among our requirements, on purpose

    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    mlflow.set_experiment("benchmark")
    client, estimator, times = mlflow.MlflowClient(), small_classifier(), []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        with mlflow.start_run():
            logged = mlflow.sklearn.log_model(estimator, name="model", registered_model_name=NAME)
        client.set_registered_model_alias(NAME, "champion", logged.registered_model_version)
        mlflow.sklearn.load_model(f"models:/{NAME}@champion")
        times.append((time.perf_counter() - started) * 1000)
    sys.stdout.write(f"\n{json.dumps(times[1:])}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
