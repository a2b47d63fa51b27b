"""docker-compose.yaml, Dockerfile and .env.example, read as far as that goes without an engine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
AIRFLOW_SERVICES = {"init", "apiserver", "scheduler", "dag-processor", "worker", "triggerer"}
SECRETS = {
    "POSTGRES_PASSWORD",
    "AIRFLOW_DB_PASSWORD",
    "EVERGREEN_DB_PASSWORD",
    "CELERY_DB_PASSWORD",
    "REDIS_PASSWORD",
    "AIRFLOW_FERNET_KEY",
    "AIRFLOW_JWT_SECRET",
    "AIRFLOW_API_SECRET_KEY",
    "AIRFLOW_ADMIN_PASSWORD",
}


@pytest.fixture(scope="module")
def text() -> str:
    return (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def compose(text: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def pinned(package: str) -> str:
    match = re.search(
        rf"^{re.escape(package)}==(\S+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert match is not None, f"{package} is not in requirements.txt"
    return match[1]


def test_every_service_is_there_and_says_when_it_is_healthy(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == AIRFLOW_SERVICES | {"postgres", "redis"}
    for name, service in compose["services"].items():
        assert "healthcheck" in service or name == "init"


def test_one_image_for_all_of_airflow_pinned_like_the_requirements(compose: dict[str, Any]) -> None:
    images = {compose["services"][name]["image"] for name in AIRFLOW_SERVICES}
    assert len(images) == 1
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert f"apache/airflow:slim-{pinned('apache-airflow')}-python3.12" in dockerfile
    assert "-r /tmp/requirements.txt" in dockerfile
    for package in ("celery", "redis", "apache-airflow-providers-fab", "psycopg"):
        assert pinned(package)
    assert all(":" in service["image"] and "latest" not in service["image"] for service in compose["services"].values())


def test_secrets_have_no_defaults_and_their_absence_is_an_error(text: str) -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", text))
    assert used - {"PORT", "WORKER_CONCURRENCY"} == SECRETS
    for name in SECRETS:
        for use in re.findall(rf"\$\{{{name}[^}}]*\}}", text):
            assert use.startswith(f"${{{name}:?"), f"{use} must fail when it is unset or empty"


def test_the_example_names_every_secret_without_a_value_and_says_how_to_make_it(text: str) -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^([A-Z_]+)=$", example, re.MULTILINE)) == SECRETS
    assert not re.findall(r"^[A-Z_]+=.+$", example, re.MULTILINE)
    assert example.count("openssl rand") == len(SECRETS)


def test_the_script_makes_all_secrets_and_other_ones_each_time() -> None:
    script = ["sh", str(ROOT / "docker" / "make-env.sh")]
    first, second = (
        dict(line.split("=", 1) for line in subprocess.check_output(script, text=True).splitlines()) for _ in range(2)
    )
    assert set(first) == SECRETS
    assert all(first[name] and first[name] != second[name] for name in SECRETS)
    assert len(first["AIRFLOW_JWT_SECRET"]) >= 64


def test_our_records_have_a_database_and_a_user_of_their_own(compose: dict[str, Any]) -> None:
    environment = compose["services"]["worker"]["environment"]
    assert "evergreen:${EVERGREEN_DB_PASSWORD" in environment["EVERGREEN_DATABASE_URL"]
    assert environment["EVERGREEN_DATABASE_URL"].endswith("/evergreen")
    assert "airflow:${AIRFLOW_DB_PASSWORD" in environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    # Celery's results are reached by every worker: not with Airflow's user.
    assert "airflow" not in environment["AIRFLOW__CELERY__RESULT_BACKEND"]
    script = (ROOT / "docker" / "postgres-databases.sh").read_text(encoding="utf-8")
    assert {"airflow", "evergreen", "celery"} == set(re.findall(r"^make_database (\w+)", script, re.MULTILINE))
    assert "REVOKE CONNECT" in script


def test_only_the_page_is_published_and_only_on_loopback(compose: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    assert list(published) == ["apiserver"]
    assert all(port.startswith("127.0.0.1:") for port in published["apiserver"])


def test_all_share_the_settings_that_must_be_shared(compose: dict[str, Any]) -> None:
    shared = (
        "AIRFLOW__CORE__FERNET_KEY",
        "AIRFLOW__API_AUTH__JWT_SECRET",
        "AIRFLOW__API__SECRET_KEY",
        "EVERGREEN_DATABASE_URL",
    )
    for name in AIRFLOW_SERVICES:
        environment = compose["services"][name]["environment"]
        assert all(key in environment for key in shared)
        assert environment["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
        assert "artifacts:/opt/evergreen/artifacts" in compose["services"][name]["volumes"]


def test_volumes_are_declared_and_mounted_files_exist(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert (
                (ROOT / source).exists()
                if source.startswith("./docker")
                else source in {"./dags", "./data"} or source in compose["volumes"]
            )


def test_what_the_image_copies_is_in_its_context() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    allowed = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE))
    for line in re.findall(r"^COPY (?!--from)(?:--\S+ )?(.+)$", dockerfile, re.MULTILINE):
        for source in line.split()[:-1]:
            assert source in allowed
            assert (ROOT / source).exists(), f"the image copies {source}, which does not exist"
