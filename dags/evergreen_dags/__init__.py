"""Builds the two DAGs of every model from its spec. Hidden from the DAG processor by `.airflowignore`."""
