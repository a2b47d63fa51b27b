"""What is read is what was stored, or an error; a crash leaves nothing half-written under a digest."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.artifacts.store import ArtifactStore
from ml.domain.errors import ArtifactError


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(str(tmp_path / "artifacts") if request.param == "folder" else f"memory://{tmp_path.name}")


def test_bytes_come_back(store: ArtifactStore) -> None:
    sha256 = store.put(b"a model")
    assert sha256 == hashlib.sha256(b"a model").hexdigest()
    assert store.get(sha256) == b"a model"
    assert store.has(sha256)
    assert sha256 in store.url_of(sha256)


def test_putting_twice_is_putting_once(store: ArtifactStore) -> None:
    assert store.put(b"") == store.put(b"")
    assert store.get(store.put(b"")) == b""


def test_what_is_missing_is_named(store: ArtifactStore) -> None:
    sha256 = "0" * 64
    assert not store.has(sha256)
    with pytest.raises(ArtifactError, match=f"{sha256} is missing.*What to do"):
        store.get(sha256)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_only_a_digest_is_a_name(store: ArtifactStore, name: str) -> None:
    with pytest.raises(ArtifactError, match="no SHA-256"):
        store.get(name)


def test_every_flipped_bit_is_refused(tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path))
    data = bytes(range(64))
    sha256 = store.put(data)
    path = Path(store.url_of(sha256))
    path.chmod(0o600)
    for bit in range(len(data) * 8):
        altered = bytearray(data)
        altered[bit // 8] ^= 1 << bit % 8
        path.write_bytes(altered)
        with pytest.raises(ArtifactError, match="was altered"):
            store.get(sha256)


def test_putting_again_heals_what_was_altered(tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path))
    sha256 = store.put(b"a model")
    path = Path(store.url_of(sha256))
    path.chmod(0o600)
    path.write_bytes(b"another")
    assert store.put(b"a model") == sha256
    assert store.get(sha256) == b"a model"


def test_a_blob_is_read_only(tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path))
    path = Path(store.url_of(store.put(b"a model")))
    assert stat.S_IMODE(path.stat().st_mode) == 0o440


def test_a_file_url_is_a_folder(tmp_path: Path) -> None:
    sha256 = ArtifactStore(f"file://{tmp_path}").put(b"a model")
    assert ArtifactStore(str(tmp_path)).get(sha256) == b"a model"


def test_an_unknown_protocol_is_named() -> None:
    with pytest.raises(ArtifactError, match=r"nowhere.*What to do"):
        ArtifactStore("nowhere://bucket")


CALLS = ("fdopen", "fsync", "fchmod", "open")


class Crash(BaseException):
    """The end of the process, as a test can see it."""


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("number", range(1, 4))
@pytest.mark.parametrize("failure", [Crash, OSError(28, "No space left on device")], ids=["killed", "disk full"])
def test_a_failure_at_any_call_leaves_the_whole_or_nothing(
    call: str, number: int, failure: type[Crash] | OSError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ArtifactStore(str(tmp_path))
    data = b"a model" * 1000
    sha256 = hashlib.sha256(data).hexdigest()
    count = 0
    real = getattr(os, call)

    def failing(*arguments: object, **options: object) -> object:
        nonlocal count
        count += 1
        if count == number:
            raise failure
        return real(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing)
        try:
            store.put(data)
        except (Crash, ArtifactError):
            assert count == number
    assert not store.has(sha256) or store.get(sha256) == data
    assert store.put(data) == sha256
    assert store.get(sha256) == data
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [sha256], "no temporary file stays"


@given(st.binary(max_size=300))
def test_any_bytes_come_back(data: bytes) -> None:
    store = ArtifactStore("memory://any")
    assert store.get(store.put(data)) == data


def test_what_is_written_to_a_file_is_stored_like_bytes(store: ArtifactStore) -> None:
    sha256 = store.put_from(lambda file: file.writelines([b"a ", b"model"]))
    assert sha256 == store.put(b"a model")
    assert sha256 == store.put_from(lambda file: file.writelines([b"a model"]))
    assert store.get(sha256) == b"a model"
    with store.on_disk(sha256) as path:
        assert path.read_bytes() == b"a model"
    assert [one.name for one in store.stored()] == [sha256]


def test_only_a_sound_artifact_is_lent_as_a_file(tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path))
    with pytest.raises(ArtifactError, match="is missing"), store.on_disk("0" * 64):
        pass
    sha256 = store.put_from(lambda file: file.writelines([b"a model"]))
    path = Path(store.url_of(sha256))
    assert stat.S_IMODE(path.stat().st_mode) == 0o440
    path.chmod(0o600)
    path.write_bytes(b"another")
    with pytest.raises(ArtifactError, match="was altered"), store.on_disk(sha256):
        pass
    store.put_from(lambda file: file.writelines([b"a model"]))
    with store.on_disk(sha256) as lent:
        assert lent.read_bytes() == b"a model"


def test_a_file_that_cannot_be_finished_leaves_nothing(tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path))

    def half(file: BinaryIO) -> None:
        file.write(b"a mod")
        raise OSError(28, "No space left on device")

    with pytest.raises(ArtifactError, match="No space left"):
        store.put_from(half)
    assert list(store.stored()) == []
