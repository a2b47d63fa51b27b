"""The imperative shell, one verb a file: gather from the records, ask a pure function, record its answer, act.

Import a flow from its own file (``from ml.flows.train import train``), so that a task pays only for the flow that it
runs. Every flow takes a :class:`~ml.flows.workspace.Workspace` and a :class:`~ml.specs.ModelSpec`, finds its own
earlier result when it is called again, and is used alike by a DAG task, the command line and Python. In the order of
a batch: ``ingest``, ``validate``, ``score``, ``label``, ``monitor``, ``decide``; then, if the decision says so,
``train``, ``evaluate``, ``promote``. ``loop.run`` does all of it over a span of time without Airflow;
``watch.watch`` is part of ``decide``;
``promote.rollback``, ``approve.approve``, ``approve.reject`` and ``report.report`` are for people.
"""
