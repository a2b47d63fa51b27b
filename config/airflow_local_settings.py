"""What a process that forks tasks imports once, so that each task need not.

Airflow imports this file in every process, if its folder is on `PYTHONPATH`. It does nothing unless `EVERGREEN_PRELOAD`
is set: set it for the scheduler (LocalExecutor) or the worker (CeleryExecutor), and for nothing else. A task that needs
scikit-learn then starts in a tenth of the time, and the imported code is in memory once.

Import only. A model fitted here, in the parent, would start threads that do not survive the fork.
"""

import importlib
import os

HEAVY = (
    "jinja2.ext",
    "packaging.requirements",
    "pandas",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "scipy.stats",
    "sklearn.compose",
    "sklearn.ensemble",
    "sklearn.impute",
    "sklearn.linear_model",
    "sklearn.pipeline",
    "skops.io",
    "pandera.pandas",
    "pandera.backends.pandas.builtin_checks",
    "optuna",
    "evidently",
    "ml.flows.decide",
    "ml.flows.evaluate",
    "ml.flows.ingest",
    "ml.flows.monitor",
    "ml.flows.promote",
    "ml.flows.report",
    "ml.flows.score",
    "ml.flows.train",
    "ml.flows.validate",
)

if os.environ.get("EVERGREEN_PRELOAD"):
    for _name in HEAVY:
        importlib.import_module(_name)
