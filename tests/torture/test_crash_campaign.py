"""Every crash point of every flow, in every mode."""

from __future__ import annotations

import pytest

from tests.integration.test_crash_points import played
from tests.torture.stage import PLAYS

pytestmark = pytest.mark.torture


@pytest.mark.parametrize("flow", sorted(PLAYS))
def test_no_crash_breaks_a_promise(flow: str) -> None:
    found = played("--flow", flow, seconds=7200)[flow]
    print(f"\n{flow}: {found['points']} points, {found['runs']} runs, {found['seconds']} s")
    assert found["violations"] == []
