"""Airflow's plugin Evergreen: the page Models, tabs on DAGs and runs, a link on tasks, a card on the home page."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

_STATIC = "evergreen/static"


class EvergreenLink:
    """A button on a task that opens what the task made: its batch, its decision, its version."""

    name = "Evergreen"
    operators: tuple[()] = ()

    def get_link(self, _operator: Any, *, ti_key: Any) -> str:
        """Return the page's address; empty, and so no button, where the task is none of ours or made nothing yet."""
        from evergreen_console.made import link_of

        return link_of(ti_key.dag_id, ti_key.run_id, ti_key.task_id) or ""


class EvergreenPlugin(AirflowPlugin):
    """Names what the web page shows. Every process of Airflow runs this file, so it imports nothing of ours."""

    name = "evergreen"
    global_operator_extra_links = [EvergreenLink()]  # noqa: RUF012
    react_apps = [  # noqa: RUF012  # Airflow's own attribute, and its lists are of the class too
        {
            "name": "Models",
            "bundle_url": f"{_STATIC}/console.js",
            "destination": "nav",
            "url_route": "evergreen",
            "nav_top_level": True,
            "icon": f"{_STATIC}/leaf.svg",
            "icon_dark_mode": f"{_STATIC}/leaf-dark.svg",
        },
        {
            "name": "Model",
            "bundle_url": f"{_STATIC}/tab.js",
            "destination": "dag",
            "url_route": "evergreen-model",
            "icon": f"{_STATIC}/leaf.svg",
            "icon_dark_mode": f"{_STATIC}/leaf-dark.svg",
        },
        {
            "name": "Model",  # the same file under another address: Airflow keeps one bundle an address
            "bundle_url": f"{_STATIC}/tab.js?run",
            "destination": "dag_run",
            "url_route": "evergreen-run",
            "icon": f"{_STATIC}/leaf.svg",
            "icon_dark_mode": f"{_STATIC}/leaf-dark.svg",
        },
        {"name": "Models at a glance", "bundle_url": f"{_STATIC}/card.js", "destination": "dashboard"},
    ]

    @property
    def fastapi_apps(self) -> list[Any]:  # type: ignore[override]
        """The console's API. Only the API server asks for it: its imports cost the other processes nothing."""
        from evergreen_console.app import app

        return [{"app": app, "url_prefix": "/evergreen", "name": "Evergreen"}]
