from __future__ import annotations

from pathlib import Path

from ml.settings import Settings


def test_everything_lies_in_the_home_unless_said_otherwise(tmp_path: Path) -> None:
    found = Settings.from_environment({"EVERGREEN_HOME": str(tmp_path)})
    assert found.database_url == f"sqlite:///{tmp_path / 'evergreen.db'}"
    assert found.artifacts_url == str(tmp_path / "artifacts")


def test_each_place_can_be_set(tmp_path: Path) -> None:
    found = Settings.from_environment(
        {
            "EVERGREEN_DATABASE_URL": "postgresql://db/evergreen",
            "EVERGREEN_ARTIFACTS_URL": "s3://bucket/evergreen",
            "EVERGREEN_MODELS_DIR": str(tmp_path),
            "EVERGREEN_DATA_ROOT": "/data",
        }
    )
    assert (found.database_url, found.artifacts_url) == ("postgresql://db/evergreen", "s3://bucket/evergreen")
    assert (found.models_dir, found.data_root) == (tmp_path, "/data")


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    assert Settings.from_environment({"EVERGREEN_HOME": ""}).home == Path.cwd() / ".evergreen"
