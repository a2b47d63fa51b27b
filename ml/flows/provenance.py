"""Which code and which libraries made a record."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_LIBRARIES = ("numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "skops")


@cache
def code_version() -> str:
    """Return the release and, behind ``+``, a digest over the package's source: an edited installation shows."""
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return f"{_version('evergreen-ml')}+{digest.hexdigest()[:12]}"


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
