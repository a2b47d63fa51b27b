"""Fitted estimators as skops files: deterministic bytes out, an audit before anything is built in.

There is no other path: no pickle, no joblib, no flag. See docs/decisions/0003-skops.md.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from typing import Any

from ml.artifacts.model_state import State
from ml.artifacts.model_types import PROTOCOLS, UNTRUSTED_BY_DEFAULT, check_type, refused
from ml.artifacts.store import ArtifactStore

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
_WORTH_DEFLATING = 16 * 1024
"""Smaller arrays stay as they are: there are hundreds, and each would cost more to pack than it takes to write."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
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


def put_model(store: ArtifactStore, estimator: Any) -> str:
    """Store a fitted estimator and return its SHA-256; the same estimator gives the same bytes.

    Store it before it predicts: a neighbours' tree counts its queries in its own state.

    Raises:
        ArtifactError: it holds something that :func:`get_model` would not load.
    """
    return store.put(_dumps(estimator))


def model_sha256(estimator: Any) -> str:
    """Return the digest under which an estimator would be stored."""
    return hashlib.sha256(_dumps(estimator)).hexdigest()


def get_model(store: ArtifactStore, sha256: str) -> Any:
    """Return a stored estimator: its digest, its size and every type in it are checked before any of it is built.

    Raises:
        ArtifactError: the bytes are missing, altered, oversized or hold a type that is not on the list in our code.
    """
    data = audited(store, sha256)
    from skops.io import loads

    try:
        return loads(data, trusted=sorted(UNTRUSTED_BY_DEFAULT))  # audits once more by itself, before it builds
    except _MALFORMED as error:
        raise refused(f"it cannot be built: {error!r}") from error


def audited(store: ArtifactStore, sha256: str) -> bytes:
    """Return the file of a stored estimator after all checks of :func:`get_model`, none of which builds anything.

    Raises:
        ArtifactError: as :func:`get_model`.
    """
    data = store.get(sha256)
    _audit(data)
    return data


def _audit(data: bytes) -> None:
    """Refuse what is no plain, small enough archive of known types; nothing is built and no module imported."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_sizes(archive.infolist(), len(data))
            schema = json.loads(archive.read(_SCHEMA))
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
        raise refused(f"it is no intact archive ({error})") from error
    except (KeyError, ValueError, RecursionError, zlib.error) as error:
        raise refused(f"its {_SCHEMA} cannot be read ({error})") from error
    if not isinstance(schema, dict) or schema.get("protocol") not in PROTOCOLS:
        raise refused("it is of another skops protocol")
    for node in _nodes(schema):
        check_type(node["__loader__"], f"{node.get('__module__')}.{node.get('__class__')}")


def _check_sizes(entries: list[zipfile.ZipInfo], size: int) -> None:
    total = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_ENTRIES:
        raise refused(f"it has {len(entries)} entries, at most {MAX_ENTRIES} are accepted")
    if total > MAX_BYTES or (total > FREE_BYTES and total > MAX_RATIO * size):
        raise refused(f"its {size} bytes would unpack to {total}")
    if sum(entry.compress_size for entry in entries) > size:
        raise refused("its entries overlap")
    if len({entry.filename for entry in entries}) != len(entries):
        raise refused("two entries have the same name")
    for entry in entries:
        if entry.compress_type not in _METHODS or entry.flag_bits & _ENCRYPTED:
            raise refused(f"{entry.filename} is packed in another way than deflate")
        if entry.filename == _SCHEMA and entry.file_size > MAX_SCHEMA_BYTES:
            raise refused(f"its {_SCHEMA} has {entry.file_size} bytes, at most {MAX_SCHEMA_BYTES} are accepted")


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every node of the schema in its order; refuse a schema so deep that reading it would overflow the stack."""
    stack = [(schema, 0)]
    while stack:
        value, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise refused(f"it is nested more than {MAX_DEPTH} deep")
        if isinstance(value, dict):
            if "__loader__" in value:
                yield value
            children = list(value.values())
        else:
            children = value
        stack.extend((child, depth + 1) for child in reversed(children) if isinstance(child, dict | list))


def _dumps(estimator: Any) -> bytes:
    """Write a skops file that depends on the estimator alone; what it may hold is checked on the way."""
    state = State(estimator)
    root = {**state.root, "protocol": PROTOCOLS[-1], "_skops_version": _skops_version()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in state.arrays.items():
            archive.writestr(_entry(name, deflated=len(content) >= _WORTH_DEFLATING), content, compresslevel=_LEVEL)
        schema = json.dumps(root, separators=(",", ":"))
        archive.writestr(_entry(_SCHEMA, deflated=True), schema, compresslevel=_LEVEL)
    _check_sizes(archive.infolist(), buffer.tell())
    return buffer.getvalue()


@cache
def _skops_version() -> str:
    return version("skops")


def _entry(name: str, *, deflated: bool) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
    entry.create_system, entry.external_attr = 3, 0o600 << 16
    return entry
