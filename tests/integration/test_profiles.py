"""The profiles of the loop: one with each validation, merged instead of read again, the reference with each version."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ml.domain.errors import NotFoundError
from ml.domain.records import Quantity
from ml.domain.windows import Window
from ml.flows.ingest import ingest
from ml.flows.loop import run
from ml.flows.profile import frozen_layout, merged_profile, profile_of, required_layout
from ml.flows.validate import validate
from ml.profiles import Profile, profile_frame
from ml.profiles.columns import CategoricalProfile, NumericProfile
from ml.registry.engine import open_engine, parse_url
from ml.registry.migrate import downgrade
from tests.integration.streams import SPAN, spec_of, stream
from tests.integration.test_loop import workspace_in
from tests.unit.profiles.profiled import close

ASKED = "monitoring: {drift: {associations: [[x, z]]}}"


def test_every_batch_has_its_profile_and_every_version_its_reference(tmp_path: Path, database_url: str) -> None:
    spec = spec_of(tmp_path, stream())
    with workspace_in(tmp_path, database_url) as workspace:
        run(workspace, spec, start=SPAN.start, end=SPAN.end)
    with workspace_in(tmp_path, database_url) as workspace, workspace.registry.read() as reader:
        layout = required_layout(workspace, reader, spec)
        validations = [batch.validation for batch in reader.batches(spec.model, as_of=SPAN.end)]
        profiles = [profile_of(workspace, layout, one) for one in validations]
        rows = [workspace.frame(one.kept_sha256) for one in validations]
        assert len(profiles) == 12
        for profile, frame in zip(profiles, rows, strict=True):
            close(profile, profile_frame(frame, layout))
            assert profile.key_duplicates == 0
        whole = profile_frame(pd.concat(rows), layout)
        close(merged_profile(workspace, layout, validations), whole)
        for version in reader.versions(spec.model):
            reference = Profile.from_bytes(workspace.store.get(version.manifest["reference"]["features"]))
            assert reference.rows == version.manifest["rows"]
            assert reference.layout == layout


def test_rows_that_are_set_aside_are_in_no_profile_and_no_bin(tmp_path: Path) -> None:
    frame = stream()
    frame.loc[3, "x"] = 1e12
    spec = spec_of(tmp_path, frame, extra="validation: {columns: {x: {max: 100}}}")
    first = Window(SPAN.start, SPAN.start + spec.time.batch)
    with workspace_in(tmp_path) as workspace:
        ingest(workspace, spec, first)
        validation = validate(workspace, spec, first)
        assert validation.rows_quarantined == 1
        with workspace.registry.read() as reader:
            profile = profile_of(workspace, required_layout(workspace, reader, spec), validation)
    x, city = profile.columns["x"], profile.columns["city"]
    assert isinstance(x, NumericProfile)
    assert isinstance(city, CategoricalProfile)
    assert x.rows == 119
    assert x.spread.max is not None
    assert x.spread.max < 10
    assert x.layout.bins.edges.max() < 10_000
    assert set(city.layout.categories) == {"Bern", "Oslo", "Rome"}


def test_batches_from_before_there_were_profiles_are_profiled_when_asked(tmp_path: Path, database_url: str) -> None:
    spec = spec_of(tmp_path, stream())
    first = Window(SPAN.start, SPAN.start + spec.time.batch)
    second = Window(first.end, first.end + spec.time.batch)
    with workspace_in(tmp_path, database_url) as workspace:
        with workspace.registry.read() as reader:
            assert frozen_layout(workspace, reader, spec) is None
            with pytest.raises(NotFoundError, match="no profile yet"):
                required_layout(workspace, reader, spec)
        ingest(workspace, spec, first)
        assert validate(workspace, spec, first).profile_sha256 is not None
    engine = open_engine(parse_url(database_url))
    downgrade(engine, "0003")
    engine.dispose()
    with workspace_in(tmp_path, database_url) as workspace:
        old = validate(workspace, spec, first)
        assert old.profile_sha256 is None
        ingest(workspace, spec, second)
        new = validate(workspace, spec, second)
        with workspace.registry.read() as reader:
            layout = required_layout(workspace, reader, spec)
        assert merged_profile(workspace, layout, [old, new]).rows == 240


def test_a_relation_that_changes_is_a_finding_of_the_loop(tmp_path: Path) -> None:
    """Two columns keep their distributions and lose their correlation."""
    frame, rng = stream(), np.random.default_rng(1)
    kept, noise = frame["x"].to_numpy(), rng.normal(size=len(frame))
    broken = np.arange(len(frame)) >= 8 * 120
    frame["z"] = np.where(broken, noise, 0.9 * kept + 0.4359 * noise)
    extra = "monitoring: {drift: {associations: true}}\n"
    spec = spec_of(tmp_path, frame, extra=extra)
    with workspace_in(tmp_path) as workspace:
        run(workspace, spec, start=SPAN.start, end=SPAN.end)
        with workspace.registry.read() as reader:
            found = [one for one in reader.recorded_findings(spec.model) if one.finding.code == "DR009"]
            observed = [
                one
                for one in reader.observations(spec.model, as_of=SPAN.end)
                if one.quantity is Quantity.ASSOCIATION_DRIFT
            ]
    assert found
    assert {one.finding.subject for one in found} == {"x × z"}
    assert min(one.window.start for one in found) == pd.Timestamp("2026-01-09", tz="UTC")
    assert {one.subject for one in observed} == {"x × z", "x × city", "z × city"}
    assert all(one.value is not None for one in observed)


def test_pairs_that_are_asked_for_later_are_counted_again_from_the_rows(tmp_path: Path) -> None:
    frame = stream().assign(z=lambda rows: rows["x"] * 2)
    without, asked = (spec_of(tmp_path, frame, extra=extra) for extra in ("", ASKED))
    first = Window(SPAN.start, SPAN.start + without.time.batch)
    with workspace_in(tmp_path) as workspace:
        ingest(workspace, without, first)
        validation = validate(workspace, without, first)
        with workspace.registry.read() as reader:
            old, new = (required_layout(workspace, reader, spec) for spec in (without, asked))
        assert (old.pairs, new.pairs) == ((), (("x", "z"),))
        assert profile_of(workspace, old, validation).associations == {}
        counted = profile_of(workspace, new, validation).associations["x", "z"]
        assert counted.moments is not None
        assert counted.moments.correlation == pytest.approx(1.0)
