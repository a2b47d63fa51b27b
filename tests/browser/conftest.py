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
    """Look at all pages before anything is clicked, and click in the order of the file: the acts change one site."""

    def here(item: pytest.Item) -> bool:
        return Path(__file__).parent in item.path.parents

    ours = sorted(filter(here, items), key=lambda item: (item.path.name == "test_acts.py", item.location[1] or 0))
    for item in ours:
        item.add_marker(pytest.mark.airflow)
        if chromium() is None:
            item.add_marker(pytest.mark.skip(reason=MISSING))
    items[:] = [*ours, *(item for item in items if not here(item))]


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
