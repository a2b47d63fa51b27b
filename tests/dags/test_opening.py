"""How a task finds its databases."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from evergreen_dags.opening import actor_of, resolve_connection, settings

from ml.domain.errors import SpecError
from ml.settings import sqlalchemy_url
from tests.dags.conftest import DAGS


@pytest.mark.parametrize(
    ("uri", "url"),
    [
        ("postgres://me:p%40ss@db:5432/shop", "postgresql+psycopg://me:p%40ss@db:5432/shop"),
        ("postgresql://me@db/shop?sslmode=require", "postgresql+psycopg://me@db/shop?sslmode=require"),
        ("postgresql+psycopg://me@db/shop", "postgresql+psycopg://me@db/shop"),
        ("mysql://me@db/shop", "mysql://me@db/shop"),
        ("postgres://me@db/shop?__extra__=%7B%22a%22%3A+%5B%5D%7D", "postgresql+psycopg://me@db/shop"),
        ("sqlite://%2Fdata%2Fshop.db", "sqlite:////data/shop.db"),
        ("sqlite:////data/shop.db", "sqlite:////data/shop.db"),
    ],
)
def test_airflows_uri_becomes_sqlalchemys(uri, url):
    assert sqlalchemy_url(uri) == url


def test_a_connection_of_airflow_is_found(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", "postgres://me:secret@db:5432/shop")
    assert resolve_connection("shop") == "postgresql+psycopg://me:secret@db:5432/shop"


def test_a_url_stays_what_it_is():
    assert resolve_connection("sqlite:///x.db") == "sqlite:///x.db"


def test_an_unknown_connection_says_where_to_add_it(airflow_database):
    with pytest.raises(SpecError, match=r"no connection 'shop'.*AIRFLOW_CONN_SHOP"):
        resolve_connection("shop")


def test_the_database_is_the_url_else_the_connection_else_a_file(monkeypatch, tmp_path):
    monkeypatch.setenv("EVERGREEN_HOME", str(tmp_path))
    monkeypatch.delenv("EVERGREEN_DATABASE_URL", raising=False)
    monkeypatch.delenv("EVERGREEN_DATABASE_CONN_ID", raising=False)
    assert settings().database_url == f"sqlite:///{tmp_path}/evergreen.db"
    monkeypatch.setenv("EVERGREEN_DATABASE_CONN_ID", "evergreen_db")
    monkeypatch.setenv("AIRFLOW_CONN_EVERGREEN_DB", "postgres://me@db/evergreen")
    assert settings().database_url == "postgresql+psycopg://me@db/evergreen"
    monkeypatch.setenv("EVERGREEN_DATABASE_URL", "sqlite:///mine.db")
    assert settings().database_url == "sqlite:///mine.db"


def test_the_log_of_a_task_is_not_drowned_by_skops(tmp_path, monkeypatch):
    program = """
import warnings
from types import SimpleNamespace
import airflow.sdk.execution_time.task_runner
from evergreen_dags.opening import open_workspace
with warnings.catch_warnings(record=True) as caught:
    with open_workspace(SimpleNamespace(triggering_user_name=None)):
        import skops.io
print(len(caught))
"""
    environment = {**os.environ, "PYTHONPATH": str(DAGS), "EVERGREEN_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True)
    assert int(done.stdout.splitlines()[-1]) < 5, done.stdout


def test_the_actor_is_who_started_the_run():
    assert actor_of(SimpleNamespace(triggering_user_name="mia")) == "mia"
    assert actor_of(SimpleNamespace(triggering_user_name=None)) == "airflow"
