"""How many rows are held out, by the gate's own words."""

from __future__ import annotations

import pytest

from ml.specs.gate import HOLDOUT_ROWS, GateSpec


@pytest.mark.parametrize(
    ("said", "enough"),
    [({}, HOLDOUT_ROWS), ({"holdout_rows": 2000}, 2000), ({"min_rows": 800}, 800), ({"holdout_rows": 10}, 50)],
)
def test_never_fewer_rows_are_held_out_than_the_gate_asks_for(said: dict[str, int], enough: int) -> None:
    assert GateSpec(**said).enough_rows == enough
