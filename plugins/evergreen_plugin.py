"""Airflow's plugin Evergreen: the page Models, a tab on a model's DAGs, a card on the home page."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

_STATIC = "evergreen/static"


class EvergreenPlugin(AirflowPlugin):
    """Names what the web page shows. Every process of Airflow runs this file, so it imports nothing of ours."""

    name = "evergreen"
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
        {"name": "Models at a glance", "bundle_url": f"{_STATIC}/card.js", "destination": "dashboard"},
    ]

    @property
    def fastapi_apps(self) -> list[Any]:  # type: ignore[override]
        """The console's API. Only the API server asks for it: its imports cost the other processes nothing."""
        from evergreen_console.app import app

        return [{"app": app, "url_prefix": "/evergreen", "name": "Evergreen"}]
