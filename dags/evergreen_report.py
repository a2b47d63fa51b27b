"""The Airflow DAG `evergreen.report`: builds Evidently's full report of a batch when somebody wants to see it.

A file of its own, as `evergreen_replay.py` is, and for the same reasons.
"""

from evergreen_dags.report import build_report_dag

dag = build_report_dag()
