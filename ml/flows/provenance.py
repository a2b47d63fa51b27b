"""Which code and which libraries made a record."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ml.domain.digests import digest_of
from ml.registry import Writer
from ml.specs import ModelSpec

_LIBRARIES = ("numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "skops")


UNRELATED = frozenset({"cli", "reports", "validation", "views"})
"""Rooms of which nothing is imported, directly or through others, by what trains, predicts and measures in a replay: a
test of the architecture follows the imports. Any other source, and any room that is new, counts."""

_ROOT = Path(__file__).resolve().parents[1]


@cache
def code_version() -> str:
    """Return the release and, behind ``+``, a digest over the package's source: an edited installation shows."""
    return f"{_version('evergreen-ml')}+{source_digest(_ROOT)}"


@cache
def training_code() -> str:
    """Return a digest over the source that a training's result may depend on; the release is no part of it."""
    return source_digest(_ROOT, without=UNRELATED)


def source_digest(root: Path, *, without: frozenset[str] = frozenset()) -> str:
    """Return the start of a SHA-256 over the Python source below ``root``, leaving out these of its folders."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        place = path.relative_to(root)
        if place.parts[0] not in without:
            digest.update(place.as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@cache
def library_versions() -> dict[str, str]:
    """Return the versions of the libraries on which a model's predictions depend."""
    import platform

    return {"python": platform.python_version(), **{name: _version(name) for name in _LIBRARIES}}


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"


def register(writer: Writer, spec: ModelSpec) -> None:
    """Record a model with its spec, before anything that is recorded because of it."""
    said = spec.model_dump(mode="json")
    writer.register_model(spec.model, digest_of(said), said)
