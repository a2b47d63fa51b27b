"""Who may see and do what: Airflow's own permissions on a model's DAG, which has the model's name.

No ``from __future__ import annotations`` here nor in the modules of routes: FastAPI would take the user for a query
parameter, and let everybody in.
"""

from collections.abc import Iterable

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag, requires_authenticated
from airflow.models.dag import DagModel
from airflow.utils.session import create_session
from fastapi import Depends

__all__ = ["ACT", "AUTHENTICATED", "SEE", "GetUserDep", "may_act", "visible"]

AUTHENTICATED = Depends(requires_authenticated())
SEE = Depends(requires_access_dag("GET"))
"""Of routes below ``/models/{dag_id}`` that show."""
ACT = Depends(requires_access_dag("POST", DagAccessEntity.RUN))
"""Of routes that change something: whoever may start a run of the model's DAG."""


def visible(names: Iterable[str], user: BaseUser) -> set[str]:
    """Return the models that a user may see, by the same rule as a single one."""
    asked = list(names)
    with create_session() as session:
        teams = DagModel.get_dag_id_to_team_name_mapping(asked, session=session)
    by_team: dict[str | None, set[str]] = {}
    for name in asked:
        by_team.setdefault(teams.get(name), set()).add(name)
    manager = get_auth_manager()
    return {
        name
        for team, group in by_team.items()
        for name in manager.filter_authorized_dag_ids(dag_ids=group, user=user, method="GET", team_name=team)
    }


def may_act(model: str, user: BaseUser) -> bool:
    """Tell whether a user may act on a model, so that the page shows no button that would be refused."""
    from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails

    return get_auth_manager().is_authorized_dag(
        method="POST",
        access_entity=DagAccessEntity.RUN,
        details=DagDetails(id=model, team_name=DagModel.get_team_name(model)),
        user=user,
    )
