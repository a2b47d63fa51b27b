"""Flipped bits in stored models and frames: every one is refused, because the digest is asked before anything else."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier

from ml.artifacts.frames import get_frame, put_frame
from ml.artifacts.models import get_model, put_model
from ml.artifacts.store import ArtifactStore
from ml.domain.errors import ArtifactError

FLIPS = 2000


def flipped(path: Path, seed: int) -> None:
    data = bytearray(path.read_bytes())
    place = random.Random(seed).randrange(len(data) * 8)
    data[place // 8] ^= 1 << place % 8
    path.chmod(0o600)
    path.write_bytes(data)


@pytest.mark.parametrize("kind", ["model", "frame"])
def test_every_flipped_bit_is_refused(kind: str, tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path))
    rng = np.random.default_rng(0)
    features = pd.DataFrame(rng.normal(size=(60, 3)), columns=list("abc"))
    if kind == "model":
        forest = RandomForestClassifier(n_estimators=3, random_state=0, n_jobs=1).fit(features, features["a"] > 0)
        sha256, get = put_model(store, forest), get_model
    else:
        sha256, get = put_frame(store, features), get_frame
    path = Path(store.url_of(sha256))
    sound = path.read_bytes()
    for seed in range(FLIPS):
        flipped(path, seed)
        with pytest.raises(ArtifactError, match="was altered"):
            get(store, sha256)
        path.write_bytes(sound)
    get(store, sha256)
