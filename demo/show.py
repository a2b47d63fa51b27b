"""The demo from the first batch to the last word, on an Airflow that is up."""

from __future__ import annotations

import os

from rich.console import Console

from demo.airflow import Airflow
from demo.ending import tell
from demo.environment import airflow_environment, load_secrets
from demo.places import MODEL, Places
from demo.watch import Catchup, progress
from ml.registry import Registry
from ml.settings import Settings
from ml.specs import load_spec


def show(places: Places, airflow: Airflow) -> None:
    """Let Airflow play the year, show it, and sum it up.

    Raises:
        StartError: a part of Airflow died, or the runs do not go on.
    """
    console = Console()
    settings = Settings.from_environment(airflow_environment(places, airflow.port, load_secrets(places), os.environ))
    spec = load_spec(places.models / f"{MODEL}.yaml")
    catchup = Catchup(places, airflow, spec, airflow.client())
    console.print(f"Watch it in the browser: {airflow.address}/dags/{MODEL}", markup=False, highlight=False)
    console.print(f"What it decides, and why: {airflow.address}/plugin/evergreen", markup=False, highlight=False)
    console.print(f"Log in:    user {airflow.user}, password {airflow.password}\n", markup=False, highlight=False)
    registry = Registry.open(settings.database_url)
    try:
        catchup.begin()
        with progress(console, catchup.total) as shown:
            catchup.watch(registry, shown)
        tell(places, spec, registry, console)
    finally:
        registry.close()
