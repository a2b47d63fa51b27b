"""The audit on the command line: what it prints, its JSON, its exit code."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Evergreen

FROM, TO = "2026-01-05", "2026-01-19"


@pytest.fixture
def played(evergreen: Evergreen) -> Evergreen:
    assert evergreen("run", "shop", "--from", FROM, "--to", TO).code == 0
    return evergreen


def edit(home: Path, statement: str) -> None:
    with sqlite3.connect(home / "evergreen.db") as connection:
        for name in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name[0]}")
        assert connection.execute(statement).rowcount
    connection.close()


def test_a_sound_chain_passes_and_an_edited_record_is_named(played: Evergreen, tmp_path: Path) -> None:
    sound = played("audit", "verify")
    assert sound.code == 0
    assert "all as they were written" in sound.out
    head = played("audit", "head", "shop").out.strip()
    assert head.startswith("shop:")
    assert played("audit", "verify", "--expect", head).code == 0
    edit(tmp_path / "home", "UPDATE promotion SET actor = 'eve'")
    found = played("audit", "verify", "shop", "--json")
    assert found.code == 7
    (breach,) = found.document["models"]["shop"]["breaches"]
    assert found.document["passed"] is False
    assert breach["fault"] == "edited"
    assert "promotion 1 is not what was written" in breach["what"]
    assert "promotion 1 is not what was written" in played("audit", "verify").out


def test_a_head_that_the_chain_no_longer_has_is_a_breach(played: Evergreen) -> None:
    cut = played("audit", "verify", "--expect", f"shop:100000:{'0' * 64}")
    assert cut.code == 7
    assert "it once had 100000" in cut.out
    wrong = played("audit", "verify", "--expect", "shop")
    assert wrong.code == 2
    assert "MODEL:NUMBER:SHA256" in wrong.err
    gone = played("audit", "verify", "--expect", f"lost:3:{'0' * 64}")
    assert gone.code == 6, "a model that was taken away as a whole"
    assert "'lost'" in gone.err


def test_what_was_live_at_a_date(played: Evergreen) -> None:
    said = played("audit", "at", "shop", "2026-01-15")
    assert said.code == 0
    for fact in ("version 1 of shop", "since 2026-01-12 00:00 UTC", "nobody had to", "frames", "scikit-learn 1."):
        assert fact in said.out
    document = played("audit", "at", "shop", "2026-01-15", "--json").document
    assert document["version"] == 1
    assert document["until"] is None
    assert document["spec"]["model"] == "shop"
    assert json.dumps(document["manifest"]["snapshots"])
    early = played("audit", "at", "shop", "2026-01-01")
    assert early.code == 6
    assert "Nothing of shop was live at 2026-01-01 00:00 UTC" in early.err


def test_a_version_is_trained_again(played: Evergreen) -> None:
    found = played("reproduce", "shop", "1")
    assert found.code == 0
    assert "version 1 of shop: the same, bit for bit" in found.out
    document = played("reproduce", "shop", "1", "--json").document
    assert document["exact"] is True
    assert document["libraries"] == {}
    assert played("reproduce", "shop", "7").code == 6


def test_gc_only_says_what_it_would_do(played: Evergreen, tmp_path: Path) -> None:
    stray = tmp_path / "home" / "artifacts" / "ab" / ("ab" * 32)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"left behind")
    os.utime(stray, (0, 0))
    said = played("gc")
    assert said.code == 0
    assert stray.name in said.out
    assert "1 of" in said.out
    assert "would be removed, 11 bytes; to remove them: --yes" in said.out
    assert stray.exists()
    done = played("gc", "--older-than", "1d", "--yes", "--json")
    assert [one["name"] for one in done.document["unreferenced"]] == [stray.name]
    assert not stray.exists()
    assert played("gc", "--older-than", "1h").code == 6
    assert played("gc", "--older-than", "soon").code == 2
    assert played("audit", "verify").code == 0


def test_a_key_is_erased_and_what_it_means_is_said(played: Evergreen, tmp_path: Path) -> None:
    asked = ("erase", "shop", "--column", "order_id", "--key", "1003", "--reason", "request 12")
    would = played(*asked, "--dry-run")
    assert would.code == 0
    assert "1 rows would be erased" in would.out
    assert "had seen" not in would.out, "nothing was erased yet"
    done = played(*asked, "--json")
    assert done.code == 0
    assert done.document["rows"] == 1
    assert done.document["is_finished"] is True
    connection = sqlite3.connect(tmp_path / "home" / "evergreen.db")
    (keys,) = connection.execute("SELECT keys FROM erasure").fetchone()
    connection.close()
    assert set(json.loads(keys)) == {"salt", "scrypt"}, "never the key in clear"
    again = played(*asked)
    assert "nothing that is stored holds such a row" in again.out
    assert "version 1 had seen erased rows. Erasure 1 of" in again.out
    assert played("audit", "verify").code == 0
    assert "erased since" in played("audit", "at", "shop", "2026-01-15").out
    assert "had seen rows that are erased" in played("card", "shop", "--version", "1").out
    refused = played("reproduce", "shop", "1")
    assert refused.code == 5
    assert "cannot be trained again bit for bit" in refused.err


def test_an_erasure_needs_a_column_and_a_reason(played: Evergreen) -> None:
    unclear = played("erase", "shop", "--key", "1003", "--reason", "request 12")
    assert unclear.code == 2
    assert "has no key column" in unclear.err
    assert "--column NAME" in unclear.err
    assert played("erase", "shop", "--key", "1003").code == 2
