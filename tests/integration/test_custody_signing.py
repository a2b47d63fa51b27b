"""Signatures over versions, champions and erasures."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ml.domain.custody import Fault
from ml.domain.errors import SpecError
from ml.registry import Registry
from tests.integration.custody_builders import audited, everything
from tests.integration.registry_builders import registered, version


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ours", "theirs"):
        openssl("genpkey", "-algorithm", "ed25519", "-out", str(folder / f"{name}.key"))
        openssl("pkey", "-in", str(folder / f"{name}.key"), "-pubout", "-out", str(folder / f"{name}.pub"))
    openssl("genpkey", "-algorithm", "x25519", "-out", str(folder / "other.key"))
    openssl("pkey", "-in", str(folder / "other.key"), "-pubout", "-out", str(folder / "other.pub"))
    (folder / "text.key").write_text("not a key")
    return folder


def test_versions_and_champions_are_signed(database_url: str, keys: Path) -> None:
    with Registry.open(database_url, signing_key=str(keys / "ours.key")) as registry:
        everything(registry)
    audit = audited(database_url, verifying_key=str(keys / "ours.pub"))
    assert audit.breaches == ()
    assert audit.signed == 10, "three versions, a refit, two promotions, a rollback; an erasure, its tombstone, its end"
    (breach,) = audited(database_url, verifying_key=str(keys / "theirs.pub")).breaches
    assert breach.fault is Fault.UNSIGNED
    assert "signed by another key" in breach.what
    with Registry.open(database_url) as registry, registry.write() as writer:
        version(writer, "unsigned", number=9)
    (breach,) = audited(database_url, verifying_key=str(keys / "ours.pub")).breaches
    assert "is not signed" in breach.what
    assert audited(database_url).breaches == (), "without a key nothing can be said of signatures"


@pytest.mark.parametrize("name", ["missing.key", "text.key", "other.key"])
def test_a_key_that_cannot_be_used_is_said_with_what_to_do(sqlite_url: str, keys: Path, name: str) -> None:
    with pytest.raises(SpecError, match=r"EVERGREEN_SIGNING_KEY.*openssl genpkey"):
        Registry.open(sqlite_url, signing_key=str(keys / name))
    registered(Registry.open(sqlite_url)).close()
    with pytest.raises(SpecError, match=r"EVERGREEN_VERIFYING_KEY.*openssl pkey"):
        audited(sqlite_url, verifying_key=str(keys / name.replace(".key", ".pub")))
