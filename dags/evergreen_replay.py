"""The Airflow DAG `evergreen.replay`: plays policies over a model's past. Started by hand, or from the model's page.

Airflow reads only files in which both words occur, airflow and dag.
"""

from evergreen_dags.replaying import replay_dag

dag = replay_dag()
