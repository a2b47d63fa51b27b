"""What goes wrong with a database is said in words that help, without its password; what passes is tried again."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from ml.domain.errors import RegistryError, RegistryUnavailableError, SourceUnavailableError
from ml.domain.records import Version
from ml.registry import Registry, Writer
from ml.registry.engine import parse_url
from tests.integration.registry_builders import MODEL, registered, version

SECRET = "tiger"


@pytest.mark.parametrize(
    "url", ["postgres://u:p@h/d", "postgresql://u:p@h/d?__extra__=%7B%7D", "postgresql+psycopg2://u:p@h/d"]
)
def test_any_spelling_of_postgres_means_psycopg_3(url: str) -> None:
    assert parse_url(url).render_as_string(hide_password=False) == "postgresql+psycopg://u:p@h/d"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "is not a URL"),
        ("postgresql://u:tiger@host:port/d", "is not a URL"),
        ("mysql://u:tiger@h/d", "'mysql' is not supported; accepted are sqlite and postgresql"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused(url: str, message: str) -> None:
    with pytest.raises(RegistryError, match=message) as caught:
        Registry.open(url)
    assert caught.value.remedy
    assert SECRET not in str(caught.value)


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(
        RegistryUnavailableError, match=r"PostgreSQL database d at 127\.0\.0\.1:1 cannot be used"
    ) as caught:
        Registry.open(f"postgres://someone:{SECRET}@127.0.0.1:1/d?password={SECRET}")
    assert SECRET not in str(caught.value)
    assert "EVERGREEN_DATABASE_URL" in caught.value.remedy
    assert isinstance(caught.value, SourceUnavailableError), "a scheduler tries it again"


def test_a_database_that_is_not_there_is_named(postgres_server: str) -> None:
    url = make_url(postgres_server).set(database="missing").render_as_string(hide_password=False)
    with pytest.raises(RegistryUnavailableError, match="missing"):
        Registry.open(url)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "evergreen.db"
    path.write_bytes(b"a text, long enough to be taken for something else " * 40)
    with pytest.raises(RegistryError, match=r"evergreen\.db is not a sound SQLite database.*restore it from a backup"):
        Registry.open(f"sqlite:///{path}")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RegistryUnavailableError, match="folder of the database"):
        Registry.open(f"sqlite:///{tmp_path / 'file' / 'evergreen.db'}")


def test_a_lost_connection_is_tried_again_as_a_whole(postgres_url: str, postgres_server: str) -> None:
    attempts: list[int] = []

    def act(writer: Writer) -> Version:
        made = version(writer, "r1")
        pid = writer._connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        attempts.append(pid)
        if len(attempts) < 3:
            with psycopg.connect(postgres_server, autocommit=True) as connection:
                connection.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        return made

    with Registry.open(postgres_url) as registry:
        registered(registry)
        assert registry.retrying(act).version == 1
        assert len(attempts) == 3
        with registry.read() as reader:
            assert len(reader.versions(MODEL)) == 1


def test_without_retrying_a_lost_connection_is_said(postgres_url: str, postgres_server: str) -> None:
    def cut_off(writer: Writer) -> None:
        pid = writer._connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with psycopg.connect(postgres_server, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        version(writer, "r1")

    with Registry.open(postgres_url) as registry:
        registered(registry)
        with pytest.raises(RegistryUnavailableError, match="cannot be used"), registry.write() as writer:
            cut_off(writer)
        with registry.write() as writer:
            assert version(writer, "r1").version == 1, "the next transaction has a sound connection"


def test_a_mistake_is_not_tried_again(database_url: str) -> None:
    attempts = []

    def act(writer: Writer) -> None:
        attempts.append(1)
        raise ZeroDivisionError

    with Registry.open(database_url) as registry, pytest.raises(ZeroDivisionError):
        registry.retrying(act)
    assert len(attempts) == 1
