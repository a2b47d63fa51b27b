"""The Airflow DAGs of every model: one file that only wires; the work is in `ml.flows`.

Each YAML file of the folder `models` beside this file (or of `EVERGREEN_MODELS_DIR`) becomes two DAGs: `<model>`, which
takes in a batch on the model's schedule, and `<model>.retrain`, which a decision or a person starts.

Above some 150 models, parse them in parts: replace this file by `evergreen_1.py`, `evergreen_2.py`, …, each with its
own `build_dags(part=1, parts=4)`.
"""

from evergreen_dags.factory import build_dags

globals().update(build_dags())
