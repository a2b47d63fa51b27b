"""An artifact that is lent as a file: a local one as it lies there, a remote one for which TMPDIR must have room."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from ml.artifacts.store import ArtifactStore
from ml.domain.errors import ArtifactError


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of its own for what is temporary."""
    path = tmp_path / "temporary"
    path.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    return path


@pytest.fixture
def remote(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(f"memory://{tmp_path.name}")


def failing(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let what is fetched fail once half of it is there."""

    def get_file(self: MemoryFileSystem, location: str, target: str) -> None:
        Path(target).write_bytes(b"a mo")
        raise OSError(number, "told by the system")

    monkeypatch.setattr(MemoryFileSystem, "get_file", get_file)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_temporary_folder_is_no_lost_artifact(
    remote: ArtifactStore, temporary: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    sha256 = remote.put(b"a model")
    failing(monkeypatch, number)
    with pytest.raises(ArtifactError) as told, remote.on_disk(sha256):
        pass
    assert f"{temporary} (TMPDIR) cannot hold it" in str(told.value)
    assert told.value.remedy == "free space there, or let TMPDIR name a larger place, then run again."
    assert list(temporary.iterdir()) == []


def test_what_the_place_does_not_give_is_still_its_fault(
    remote: ArtifactStore, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = remote.put(b"a model")
    failing(monkeypatch, errno.EACCES)
    with pytest.raises(ArtifactError, match=r"is missing or cannot be read.*EVERGREEN_ARTIFACTS_URL"):
        remote.on_disk(sha256).__enter__()
    assert list(temporary.iterdir()) == []


def no_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let none of the folders that Python tries be usable, as where all lie on one full disk."""

    def none() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/full']")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_get_default_tempdir", none)
    monkeypatch.setenv("TMPDIR", "/full")


def test_no_temporary_folder_at_all_is_no_lost_artifact(remote: ArtifactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    sha256 = remote.put(b"a model")
    no_temporary_folder(monkeypatch)
    with pytest.raises(ArtifactError, match=r"/full \(TMPDIR\) cannot hold it.*let TMPDIR name a larger place"):
        remote.on_disk(sha256).__enter__()


def test_a_local_artifact_needs_no_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ArtifactStore(str(tmp_path / "artifacts"))
    sha256 = store.put(b"a model")
    no_temporary_folder(monkeypatch)
    with store.on_disk(sha256) as path:
        assert path == Path(store.url_of(sha256))


def test_what_was_fetched_is_gone_when_it_was_read(remote: ArtifactStore, temporary: Path) -> None:
    with remote.on_disk(remote.put(b"a model")) as path:
        assert path.read_bytes() == b"a model"
        assert path.is_relative_to(temporary)
    assert list(temporary.iterdir()) == []


def test_an_error_of_who_reads_is_left_as_it_is(remote: ArtifactStore) -> None:
    with pytest.raises(OSError, match="of the reader"), remote.on_disk(remote.put(b"a model")):
        raise OSError(errno.ENOSPC, "of the reader")
