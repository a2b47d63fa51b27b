"""What `evergreen doctor` looks at: each check says what it saw and, if that is not good, what to do."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata, util
from pathlib import Path

from ml.domain.errors import EvergreenError, SpecError
from ml.settings import Settings

_OLDEST, _NEWEST = (3, 11), (3, 12)
_LOW_BYTES, _LEAST_BYTES = 5 * 1024**3, 500 * 1024**2
_GIB = 1024**3
_PACKAGES = ("scikit-learn", "pandas", "pyarrow", "sqlalchemy", "skops", "evidently", "pydantic")


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the checkup; ``remedy`` is empty where nothing needs to be done."""

    what: str
    state: State
    seen: str
    remedy: str = ""


def checkup(settings: Settings) -> tuple[Check, ...]:
    """Run every check; none of them stops another."""
    return tuple(check(settings) for check in CHECKS)


def _python(settings: Settings) -> Check:
    seen = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro} at {sys.executable}"
    if _OLDEST <= sys.version_info[:2] <= _NEWEST:
        return Check("Python", State.OK, seen)
    return Check("Python", State.FAILED, seen, "use Python 3.11 or 3.12")


def _packages(settings: Settings) -> Check:
    pinned = _pinned()
    versions = {name: _version(name) for name in _PACKAGES}
    missing = [name for name, version in versions.items() if version is None]
    other = [
        f"{name} {versions[name]} instead of {want}"
        for name, want in pinned.items()
        if versions.get(name, want) != want
    ]
    seen = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    if missing:
        return Check("packages", State.FAILED, f"missing: {', '.join(missing)}", "pip install evergreen-ml")
    if other:
        return Check("packages", State.WARNING, "; ".join(other), "install the versions that Evergreen is tested with")
    return Check("packages", State.OK, seen)


def _pinned() -> dict[str, str]:
    """The packages that our own metadata pins to one version."""
    try:
        required = metadata.requires("evergreen-ml") or []
    except metadata.PackageNotFoundError:
        return {}
    pairs = [text.split(";")[0].strip().split("==") for text in required if "==" in text.split(";")[0]]
    return {name.strip(): version.strip() for name, version in pairs}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _database(settings: Settings) -> Check:
    from ml.registry import Registry

    shown = _without_password(settings.database_url)
    try:
        registry = Registry.open(settings.database_url)
    except EvergreenError as error:
        return Check("database", State.FAILED, f"{shown}: {error.message}", error.remedy)
    try:
        with registry.read() as reader:
            models = reader.models()
    finally:
        registry.close()
    return Check("database", State.OK, f"{shown}: reachable, migrated, {len(models)} model(s)")


def _without_password(url: str) -> str:
    from urllib.parse import urlsplit

    password = urlsplit(url).password
    return url.replace(f":{password}@", ":***@") if password else url


def _artifacts(settings: Settings) -> Check:
    from ml.artifacts.store import ArtifactStore

    probe = b"evergreen doctor"
    try:
        store = ArtifactStore(settings.artifacts_url)
        store.get(store.put(probe))
    except (EvergreenError, OSError) as error:
        remedy = "give this user write access, or set EVERGREEN_ARTIFACTS_URL"
        return Check("artifacts", State.FAILED, f"{settings.artifacts_url}: {error}", remedy)
    return Check("artifacts", State.OK, f"{settings.artifacts_url}: writable")


def _specs(settings: Settings) -> Check:
    from ml.specs import load_spec

    paths = sorted(settings.models_dir.glob("*.y*ml"))
    if not paths:
        remedy = "write one with `evergreen init`, or set EVERGREEN_MODELS_DIR"
        return Check("specs", State.WARNING, f"none in {settings.models_dir}", remedy)
    bad = []
    for path in paths:
        try:
            load_spec(path)
        except SpecError:
            bad.append(path.name)
    if bad:
        remedy = f"evergreen spec check {settings.models_dir}/{bad[0]}"
        return Check("specs", State.FAILED, f"{len(bad)} of {len(paths)} have errors: {', '.join(bad)}", remedy)
    return Check("specs", State.OK, f"{len(paths)} in {settings.models_dir} load")


def _airflow(settings: Settings) -> Check:
    if util.find_spec("airflow") is None:
        return Check(
            "Airflow", State.WARNING, "not installed here", "only needed to run the DAGs; `evergreen run` works without"
        )
    version = _version("apache-airflow") or "of unknown version"
    if not version.startswith("3."):
        return Check("Airflow", State.FAILED, version, "Evergreen's DAGs need Airflow 3")
    return Check("Airflow", State.OK, version)


def _disk(settings: Settings) -> Check:
    folder = settings.home
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    seen = f"{free / _GIB:.1f} GiB free at {folder}"
    remedy = "free some space, or move EVERGREEN_HOME"
    if free < _LEAST_BYTES:
        return Check("disk space", State.FAILED, seen, remedy)
    return Check(
        "disk space", State.WARNING if free < _LOW_BYTES else State.OK, seen, remedy if free < _LOW_BYTES else ""
    )


def _data_root(settings: Settings) -> Check:
    if "://" in settings.data_root:
        return Check("data root", State.OK, settings.data_root)
    root = Path(settings.data_root)
    if root.is_dir() and os.access(root, os.R_OK):
        return Check("data root", State.OK, f"{root}: readable")
    return Check("data root", State.WARNING, f"{root} cannot be read", "set EVERGREEN_DATA_ROOT")


CHECKS: tuple[Callable[[Settings], Check], ...] = (
    _python,
    _packages,
    _database,
    _artifacts,
    _specs,
    _data_root,
    _airflow,
    _disk,
)
