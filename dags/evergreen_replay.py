"""The Airflow DAG `evergreen.replay`: plays policies over a model's past before one of them is switched on.

A file of its own, so that the tasks of the models never parse it, and its task parses no model.
"""

from evergreen_dags.replay import build_replay_dag

dag = build_replay_dag()
