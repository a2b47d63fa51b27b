"""Ten minutes of fuzzing the source readers, ten of the spec loader; what breaks something is kept for ever."""

from __future__ import annotations

import time

import pytest

from tests.torture.fuzz import READERS, fuzz_apart, fuzz_specs, keep

pytestmark = pytest.mark.torture
SECONDS = 600.0


@pytest.mark.parametrize("ending", READERS)
def test_readers(ending: str) -> None:
    found = fuzz_apart(ending, seconds=SECONDS / len(READERS), seed=time.time_ns() % 2**32)
    print(f"\n{ending}: {found.runs} files, {found.answered} read, {found.refused} refused, {len(found.broken)} broken")
    assert keep(ending, found) == []


def test_specs() -> None:
    found = fuzz_specs(seconds=SECONDS, seed=time.time_ns() % 2**32)
    print(f"\n{found.runs} specs, {found.answered} loaded, {found.refused} refused, {len(found.broken)} broken")
    assert keep("specs", found) == []
