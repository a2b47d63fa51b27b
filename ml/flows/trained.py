"""What production has fitted already: a replay takes it from the records instead of fitting it again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ml.domain.records import Version
from ml.flows.past import Past
from ml.flows.provenance import code_version, library_versions
from ml.flows.recipe import Recipes, Setting
from ml.flows.train import window_of
from ml.training import refit_set


@dataclass(frozen=True, slots=True)
class Kept:
    """An estimator in the store, and its setting."""

    sha256: str
    setting: Setting


@dataclass(frozen=True, slots=True)
class Trained:
    """A fit on record: how long it took, and what it gave where that was kept.

    Of several windows only the picked one's estimator is kept. What was fitted once more after the gate was not timed:
    it counts with the time of its first fit, on the rows without the held-out ones.
    """

    seconds: float
    kept: Kept | None = None


def trained_by_key(recipes: Recipes) -> dict[str, Trained]:
    """Return the fits on record by the key of their recipe: those of the same rows, spec, code and libraries."""
    past = recipes.past
    places = {window.end: place for place, window in enumerate(past.windows)}
    steps = [(version, places.get(version.as_of)) for version in past.versions]
    ours = [(version, step) for version, step in steps if step is not None and _is_of(version, past, step)]
    found = {key: one for version, step in ours for key, one in _again(recipes, version, step)}
    for version, step in ours:
        for key, one in _first(recipes, version, step):
            before = found.get(key)
            found[key] = one if before is None else replace(one, kept=one.kept or before.kept)
    return found


def _is_of(version: Version, past: Past, step: int) -> bool:
    """Whether a version was made as it would be made now, of the rows that are known after the step."""
    manifest = version.manifest
    rows = [sha256 for part in past.digest(past.known[step]) for sha256 in part if sha256]
    made = (manifest.get("snapshots"), manifest.get("spec_sha256"), manifest.get("code_version"))
    same = made == (rows, past.spec.digest, code_version()) and manifest.get("libraries") == library_versions()
    return same and all("seconds" in one for one in manifest["windows"])


def _first(recipes: Recipes, version: Version, step: int) -> Iterator[tuple[str, Trained]]:
    """What was judged, and the windows beside it."""
    manifest = version.manifest
    last = len(recipes.past.frame(step)) - manifest["holdout_rows"]
    for one in manifest["windows"]:
        picked = one["window"] == manifest["window"]
        kept = Kept(version.model_sha256, _setting(version)) if picked else None
        yield recipes.of(step, last - one["rows"], last).key, Trained(one["seconds"], kept)


def _again(recipes: Recipes, version: Version, step: int) -> Iterator[tuple[str, Trained]]:
    """What was fitted once more on all rows after it passed."""
    if version.refit_sha256 is not None:
        manifest, setting = version.manifest, _setting(version)
        rows = refit_set(recipes.split(step), window_of(version))
        seconds = next(one["seconds"] for one in manifest["windows"] if one["window"] == manifest["window"])
        key = recipes.of(step, rows.first, rows.last, chosen=setting).key
        yield key, Trained(seconds, Kept(version.refit_sha256, setting))


def _setting(version: Version) -> Setting:
    return str(version.manifest["estimator"]), dict(version.manifest["parameters"])
