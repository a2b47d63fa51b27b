"""The spec files of a folder: found quickly, loaded, and told apart into sound and broken ones."""

from __future__ import annotations

import os
import re
import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ml.domain.errors import SpecError
from ml.specs import ModelSpec, load_spec

_ENDINGS = (".yaml", ".yml")
_MODEL = re.compile(rb"""^model[ \t]*:[ \t]*["']?([A-Za-z0-9_-]+)""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sound:
    """A spec that can be used, and its file."""

    path: Path
    spec: ModelSpec


@dataclass(frozen=True, slots=True)
class Broken:
    """A spec file that cannot be used, and why, in words for the person who wrote it."""

    path: Path
    message: str


def models_dir() -> Path:
    """The folder of the specs: ``EVERGREEN_MODELS_DIR``, else ``models`` beside the DAG file."""
    return Path(os.environ.get("EVERGREEN_MODELS_DIR") or Path(__file__).parent.parent / "models").absolute()


def spec_files(folder: Path) -> list[Path]:
    """All spec files of a folder, sorted, so that every parse sees the same order; none if there is no such folder."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return sorted(Path(entry.path) for entry in entries if entry.name.endswith(_ENDINGS) and entry.is_file())


def declared_model(path: Path) -> str | None:
    """The model that a file describes, without parsing it if it is written as usual; None if that cannot be told."""
    try:
        match = _MODEL.search(path.read_bytes())
    except OSError:
        return None
    if match:
        return match[1].decode()
    try:
        return load_spec(path).model  # JSON, for example
    except SpecError:
        return None


def find_spec(folder: Path, model: str) -> ModelSpec:
    """Load the spec of one model and no other: what a task pays for at each start.

    Raises:
        SpecError: no file, or more than one, describes the model; or its spec has errors.
    """
    expected = [path for ending in _ENDINGS if (path := folder / f"{model}{ending}").is_file()]
    paths = [path for path in expected if declared_model(path) == model]
    if len(paths) != 1:
        paths = [path for path in spec_files(folder) if declared_model(path) == model]
    if len(paths) != 1:
        seen = " and ".join(path.name for path in paths) or "no file"
        raise SpecError(
            f"The model {model!r} must be described by exactly one file in {folder}; it is described by {seen}.",
            remedy="write `model: NAME` at the top of one file, and give every model a name of its own.",
        )
    return load_spec(paths[0])


def load_specs(folder: Path, *, part: int = 1, parts: int = 1) -> tuple[list[Sound], list[Broken]]:
    """Load every spec of a folder, or the files that fall into one of ``parts``.

    A file with errors, or one whose model is described by a second file, is broken; it does not touch the others.
    """
    if not 1 <= part <= parts:
        raise ValueError(f"part {part} of {parts} does not exist: parts are counted from 1 to {parts}")
    files = spec_files(folder)
    sound: list[Sound] = []
    broken: list[Broken] = []
    for path in files:
        # By name, not by position: a new file moves no other file's DAGs to another DAG file.
        if parts > 1 and zlib.crc32(path.name.encode()) % parts != part - 1:
            continue
        try:
            sound.append(Sound(path, load_spec(path)))
        except SpecError as error:
            broken.append(Broken(path, str(error)))
    return _without_twins(sound, broken, others=files if parts > 1 else ())


def _without_twins(
    sound: list[Sound], broken: list[Broken], others: Sequence[Path]
) -> tuple[list[Sound], list[Broken]]:
    """Move models that are described twice, here or in the parts that were not loaded, to the broken ones."""
    files: dict[str, set[Path]] = defaultdict(set)
    for item in sound:
        files[item.spec.model].add(item.path)
    for path in others:
        if (model := declared_model(path)) in files:
            files[model].add(path)
    unique = [item for item in sound if len(files[item.spec.model]) == 1]
    twins = [
        Broken(item.path, _twin_message(item, files[item.spec.model]))
        for item in sound
        if len(files[item.spec.model]) > 1
    ]
    return unique, sorted([*broken, *twins], key=lambda item: item.path)


def _twin_message(item: Sound, files: set[Path]) -> str:
    rest = " and ".join(sorted(path.name for path in files if path != item.path))
    return (
        f"{item.path}: the model {item.spec.model!r} is also described by {rest}, and one model has one spec: "
        f"give one of them another name under `model`, or remove one."
    )
