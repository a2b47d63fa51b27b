"""Fitted estimators as skops files: deterministic bytes out, an audit before anything is built in.

There is no other path: no pickle, no joblib, no flag. See docs/decisions/0003-skops.md.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Container, Iterator, Mapping
from typing import Any

import numpy as np

from ml.artifacts.model_types import LOADERS, PROTOCOLS, UNTRUSTED_BY_DEFAULT
from ml.artifacts.store import ArtifactStore
from ml.domain.errors import ArtifactError

MAX_ENTRIES = 200_000
MAX_BYTES = 4 * 1024**3
MAX_SCHEMA_BYTES = 128 * 1024**2
MAX_DEPTH = 200
MAX_RATIO = 100
"""Most bytes out per byte in, for a file that unpacks to more than ``FREE_BYTES``."""
FREE_BYTES = 64 * 1024**2

_SCHEMA = "schema.json"
_LEVEL = 1
"""Least effort: models of trees, which are most of what is stored, become 5 % larger than with the most."""
_PADDING = b"('', '|V"
"""How the header of a NumPy file, which ends with the shape, names the gaps in records: fields without a name."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_VALUES = ("JsonNode", "TypeNode", "DTypeNode", "SliceNode")
_MALFORMED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What skops, NumPy and scikit-learn raise on a state that no estimator of theirs ever had."""
_REMEDY = "the file was not written by Evergreen or was altered: retrain, or roll back to another version."


def put_model(store: ArtifactStore, estimator: Any) -> str:
    """Store a fitted estimator and return its SHA-256; the same estimator gives the same bytes.

    Store it before it predicts: a neighbours' tree counts its queries in its own state.

    Raises:
        ArtifactError: it holds something that :func:`get_model` would not load.
    """
    from skops.io.exceptions import UnsupportedTypeException

    try:
        data = _dumps(estimator)
    except UnsupportedTypeException as error:
        raise ArtifactError(f"{type(estimator).__name__} cannot be stored: {error}.") from error
    _audit(data)
    return store.put(data)


def get_model(store: ArtifactStore, sha256: str) -> Any:
    """Return a stored estimator: its digest, its size and every type in it are checked before any of it is built.

    Raises:
        ArtifactError: the bytes are missing, altered, oversized or hold a type that is not on the list in our code.
    """
    data = store.get(sha256)
    _audit(data)
    from skops.io import loads

    try:
        return loads(data, trusted=sorted(UNTRUSTED_BY_DEFAULT))  # audits once more by itself, before it builds
    except _MALFORMED as error:
        raise _refused(f"it cannot be built: {error!r}") from error


def _refused(why: str) -> ArtifactError:
    return ArtifactError(f"The model file is refused: {why}.", remedy=_REMEDY)


def _audit(data: bytes) -> None:
    """Refuse what is no plain, small enough archive of known types; nothing is built and no module imported."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_sizes(archive.infolist(), len(data))
            schema = json.loads(archive.read(_SCHEMA))
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
        raise _refused(f"it is no intact archive ({error})") from error
    except (KeyError, ValueError, RecursionError, zlib.error) as error:
        raise _refused(f"its {_SCHEMA} cannot be read ({error})") from error
    if not isinstance(schema, dict) or schema.get("protocol") not in PROTOCOLS:
        raise _refused("it is of another skops protocol")
    for node in _nodes(schema):
        loader, name = node["__loader__"], f"{node.get('__module__')}.{node.get('__class__')}"
        if not isinstance(loader, str) or name not in LOADERS.get(loader, ()):
            raise _refused(f"it holds {name} as {loader}")


def _check_sizes(entries: list[zipfile.ZipInfo], size: int) -> None:
    total = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_ENTRIES:
        raise _refused(f"it has {len(entries)} entries, at most {MAX_ENTRIES} are accepted")
    if total > MAX_BYTES or (total > FREE_BYTES and total > MAX_RATIO * size):
        raise _refused(f"its {size} bytes would unpack to {total}")
    if sum(entry.compress_size for entry in entries) > size:
        raise _refused("its entries overlap")
    if len({entry.filename for entry in entries}) != len(entries):
        raise _refused("two entries have the same name")
    for entry in entries:
        if entry.compress_type not in _METHODS or entry.flag_bits & _ENCRYPTED:
            raise _refused(f"{entry.filename} is packed in another way than deflate")
        if entry.filename == _SCHEMA and entry.file_size > MAX_SCHEMA_BYTES:
            raise _refused(f"its {_SCHEMA} has {entry.file_size} bytes, at most {MAX_SCHEMA_BYTES} are accepted")


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every node of the schema in its order; refuse a schema so deep that reading it would overflow the stack."""
    stack = [(schema, 0)]
    while stack:
        value, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise _refused(f"it is nested more than {MAX_DEPTH} deep")
        if isinstance(value, dict):
            if "__loader__" in value:
                yield value
            children = list(value.values())
        else:
            children = value
        stack.extend((child, depth + 1) for child in reversed(children) if isinstance(child, dict | list))


def _dumps(estimator: Any) -> bytes:
    """Write a skops file that depends on the estimator alone.

    skops names entries and marks shared objects by memory address and stamps the time; scikit-learn's trees are
    records with padding that nobody writes. Here files and shared objects are numbered in the order of the schema,
    marks that nothing shares and those of plain values (whether two equal texts are one object is chance) are left
    out, time is fixed and padding is zero. ``skops.io.dumps`` would write all of it first only to be read and written
    again; this takes the same state from the same functions, of the version of skops that is pinned.
    """
    import skops
    import skops.io  # registers what knows the types
    from skops.io._utils import SaveContext, get_state

    entries = _Entries()
    context = SaveContext(zip_file=entries)  # keeps every object alive, so that no address is used twice
    state = {**get_state(estimator, context), "protocol": context.protocol, "_skops_version": skops.__version__}
    schema = json.loads(json.dumps(state))
    nodes = list(_nodes(schema))
    _number_shared(nodes)
    files: dict[str, str] = {}
    for node in nodes:
        if isinstance(node.get("file"), str):
            old = node["file"]
            node["file"] = files.setdefault(old, f"{len(files)}{old[old.rindex('.') :]}")
    contents = {new: _without_padding(new, entries.contents[old]) for old, new in files.items()}
    contents[_SCHEMA] = json.dumps(schema, separators=(",", ":")).encode()
    return _packed(contents)


class _Entries:
    """Stands in for the archive that skops writes to: what it would hold, by name."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}

    def namelist(self) -> Container[str]:
        return self.contents.keys()

    def writestr(self, name: str, data: bytes | memoryview) -> None:
        self.contents[name] = bytes(data)


def _packed(contents: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as target:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o600 << 16
            target.writestr(entry, content, compresslevel=_LEVEL)
    return buffer.getvalue()


def _number_shared(nodes: list[dict[str, Any]]) -> None:
    seen: dict[int, int] = {}
    for node in nodes:
        if node["__loader__"] not in _VALUES and "__id__" in node:
            seen[node["__id__"]] = seen.get(node["__id__"], 0) + 1
    numbers = {shared: place for place, shared in enumerate((one for one, count in seen.items() if count > 1), start=1)}
    for node in nodes:
        mark = node.pop("__id__", None)
        if node["__loader__"] not in _VALUES and mark in numbers:
            node["__id__"] = numbers[mark]


def _without_padding(name: str, content: bytes) -> bytes:
    if not name.endswith(".npy") or _PADDING not in content[: content.find(b"'shape'")]:
        return content
    array = np.load(io.BytesIO(content), allow_pickle=False)
    clean = np.zeros(array.shape, array.dtype)
    for field in array.dtype.names:
        clean[field] = array[field]
    buffer = io.BytesIO()
    np.save(buffer, clean, allow_pickle=False)
    return buffer.getvalue()
