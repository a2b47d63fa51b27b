"""What is stored is what comes back, and nothing else is ever built."""

from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier
from skops.io import dumps

from ml.artifacts.models import MAX_DEPTH, get_model, put_model
from ml.artifacts.store import ArtifactStore
from ml.domain.errors import ArtifactError

FEATURES = np.random.default_rng(0).normal(size=(60, 3))
LABELS = np.where(FEATURES[:, 0] > 0, "yes", "no").astype(object)


def tree() -> DecisionTreeClassifier:
    return DecisionTreeClassifier(random_state=0).fit(FEATURES, LABELS)


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(str(tmp_path))


@pytest.fixture
def stored(store):
    return store.get(put_model(store, tree()))


def packed(schema: object, **files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        archive.writestr("schema.json", schema if isinstance(schema, bytes) else json.dumps(schema))
    return buffer.getvalue()


def schema_of(data: bytes) -> dict:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return json.loads(archive.read("schema.json"))


def rewritten(data: bytes, change) -> bytes:
    """The same archive with a changed schema."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if name != "schema.json"}
    schema = schema_of(data)
    change(schema)
    return packed(schema, **files)


def refused(store: ArtifactStore, data: bytes, part: str) -> None:
    with pytest.raises(ArtifactError, match=part):
        get_model(store, store.put(data))


def node(module: str, name: str, loader: str, **more: object) -> dict:
    return {"__module__": module, "__class__": name, "__loader__": loader, "protocol": 2, **more}


def test_the_same_estimator_gives_the_same_bytes(store):
    assert put_model(store, tree()) == put_model(store, tree())


def test_bytes_do_not_depend_on_the_process(store, tmp_path):
    code = (
        "from tests.unit.artifacts.test_models import tree; from ml.artifacts.models import put_model;"
        "from ml.artifacts.store import ArtifactStore; import sys; print(put_model(ArtifactStore(sys.argv[1]), tree()))"
    )
    other = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "other")],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() == put_model(store, tree())


def test_storing_what_was_loaded_gives_the_same_bytes(store):
    sha256 = put_model(store, tree())
    assert put_model(store, get_model(store, sha256)) == sha256


def test_models_are_small(stored):
    assert len(stored) < len(dumps(tree())) / 4


def test_what_could_not_be_loaded_is_not_stored(store):
    with pytest.raises(ArtifactError, match=r"numpy\.ufunc"):
        put_model(store, FunctionTransformer(np.log1p))


class _Bomb:
    def __reduce__(self):
        return (os.system, ("touch /tmp/evergreen-was-here",))


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_a_pickle_is_refused_unopened(store, protocol):
    refused(store, pickle.dumps(_Bomb(), protocol), "no intact archive")
    refused(store, packed({}, **{"model.pkl": pickle.dumps(_Bomb(), protocol)}), "protocol")
    assert not Path("/tmp/evergreen-was-here").exists()


def test_a_pickle_inside_an_array_is_refused(store, stored):
    buffer = io.BytesIO()
    np.save(buffer, np.array([_Bomb()], dtype=object), allow_pickle=True)
    content = packed(
        node("numpy", "ndarray", "NdArrayNode", type="numpy", file="0.npy"), **{"0.npy": buffer.getvalue()}
    )
    refused(store, content, "cannot be built")
    assert not Path("/tmp/evergreen-was-here").exists()


@pytest.mark.parametrize(
    "schema",
    [
        node("os", "system", "FunctionNode", content={"module_path": "os", "function": "system"}),
        node("os", "system", "TypeNode"),
        node("subprocess", "Popen", "ObjectNode"),
        node("builtins", "eval", "TypeNode"),
        node("posix", "system", "ConstructorFromReduceNode", content={}),
        node("operator", "methodcaller", "OperatorFuncNode", attrs={}),
        node("functools", "partial", "PartialNode", content={}),
        node("sklearn.tree._classes", "DecisionTreeClassifier", "MethodNode", content={}),
        node("sklearn.tree._classes", "DecisionTreeClassifier", "CachedNode"),
        node("sklearn.datasets._openml", "fetch_openml", "TypeNode"),
        node("sklearn.feature_extraction.text", "CountVectorizer", "ObjectNode"),
        node("builtins", "dict", "DictNode", content={"a": node("os", "system", "TypeNode")}),
        node("builtins", "dict", ["DictNode"], content={}),
        node("numpy", "memmap", "NdArrayNode", type="numpy", file="/etc/passwd"),
    ],
)
def test_a_type_that_is_not_on_our_list_is_refused(store, schema):
    refused(store, packed(schema), "it holds")


def test_a_type_hidden_behind_an_older_protocol_is_refused(store, stored):
    refused(store, rewritten(stored, lambda schema: schema.update(protocol=0)), "another skops protocol")


def test_a_bit_generator_of_another_name_is_refused(store):
    value = {"__module__": "builtins", "__class__": "str", "__loader__": "JsonNode", "content": '"seed"'}
    states = node(
        "builtins",
        "dict",
        "DictNode",
        content={"bit_generator": value},
        key_types=node("builtins", "list", "ListNode", content=[]),
    )
    schema = node(
        "numpy.random._generator",
        "Generator",
        "RandomGeneratorNode",
        content={"bit_generator": states, "seed_seq": states},
    )
    refused(store, packed(schema), "cannot be built")


@pytest.mark.parametrize("name", ["0.npy", "schema.json"])
def test_a_zip_bomb_is_refused_at_once(store, name):
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(name, "w", force_zip64=True) as entry,
    ):
        block = bytes(1 << 20)
        for _ in range(100):
            entry.write(block)
    sha256 = store.put(buffer.getvalue())
    started = time.process_time()
    with pytest.raises(ArtifactError, match="would unpack to 104857600"):
        get_model(store, sha256)
    assert time.process_time() - started < 0.1  # reading and hashing included; plain unpacking takes seconds


def test_overlapping_entries_are_refused(store):
    plain = packed({}, a=bytes(range(256)) * 8, b=b"b")
    start = plain.index(b"PK\x01\x02")
    entry = plain[start : plain.index(b"PK\x01\x02", start + 1)]
    count = plain.index(b"PK\x05\x06")
    many = 40
    directory = b"".join([entry] * many)
    end = bytearray(plain[count:])
    end[8:12] = many.to_bytes(2, "little") * 2
    end[12:16] = len(directory).to_bytes(4, "little")
    refused(store, plain[:start] + directory + bytes(end), "overlap|same name")


def test_deep_schemas_are_refused(store):
    deep = node("builtins", "list", "ListNode", content=[])
    for _ in range(MAX_DEPTH):
        deep = node("builtins", "list", "ListNode", content=[deep])
    refused(store, packed(deep), "nested")
    refused(store, packed(b"[" * 100_000), "cannot be read")


def test_other_packing_is_refused(store):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("schema.json", "{}")
    refused(store, buffer.getvalue(), "another way than deflate")


def test_every_truncation_is_refused(store, stored):
    for length in range(0, len(stored), 97):
        with pytest.raises(ArtifactError):
            get_model(store, store.put(stored[:length]))


def test_altered_bytes_are_refused_or_never_read(store, stored, tmp_path):
    sha256 = store.put(stored)
    place = next(path for path in tmp_path.rglob("*") if path.is_file() and path.name == sha256)
    place.chmod(0o600)
    place.write_bytes(stored[:200] + bytes([stored[200] ^ 1]) + stored[201:])
    with pytest.raises(ArtifactError, match="altered"):
        get_model(store, sha256)


@pytest.mark.parametrize(
    "change",
    [
        lambda schema: schema["content"].pop("content"),
        lambda schema: schema["content"]["content"].update(tree_={"__loader__": "JsonNode"}),
        lambda schema: schema["content"]["content"]["classes_"].update(type="numpy", file="9.npy"),
        lambda schema: schema["content"]["content"]["tree_"].pop("__reduce__"),
        lambda schema: schema.update(content=3),
    ],
)
def test_malformed_states_are_refused(store, stored, change):
    with pytest.raises(ArtifactError):
        get_model(store, store.put(rewritten(stored, change)))
