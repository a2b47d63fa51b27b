"""The demo's records are played once; one Airflow shows them to one browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.chromium import MISSING, chromium
from tests.browser.records import fill
from tests.browser.site import Looking, Site, looking, served

WEEKS = 30


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def here(item: pytest.Item) -> bool:
        return Path(__file__).parent in item.path.parents

    for item in filter(here, items):
        item.add_marker(pytest.mark.airflow)
        if chromium() is None:
            item.add_marker(pytest.mark.skip(reason=MISSING))


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("records")
    fill(home, weeks=WEEKS)
    with served(tmp_path_factory.mktemp("airflow"), home) as site:
        yield site


@pytest.fixture(scope="package")
def browser(site: Site) -> Iterator[Looking]:
    with looking(site) as found:
        yield found
