"""A few seconds of fuzzing, and whatever a longer campaign has ever found (``tests/torture/corpus``)."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from ml.domain.errors import EvergreenError
from tests.torture.fuzz import READERS, fuzz_readers, fuzz_specs, kept, play_file, play_spec

SECONDS = 2.0


@pytest.mark.parametrize("ending", READERS)
def test_altered_files_are_read_or_refused(ending: str, tmp_path: Path) -> None:
    play = play_file(tmp_path, ending)
    for data in kept(ending):
        with suppress(EvergreenError):
            play(data)
    found = fuzz_readers(ending, seconds=SECONDS)
    assert found.runs > 0
    assert [reason for _, reason in found.broken] == []


def test_altered_specs_are_loaded_or_refused(tmp_path: Path) -> None:
    play = play_spec(tmp_path)
    for data in kept("specs"):
        with suppress(EvergreenError):
            play(data)
    found = fuzz_specs(seconds=SECONDS)
    assert found.answered > 0
    assert found.refused > 0
    assert [reason for _, reason in found.broken] == []
