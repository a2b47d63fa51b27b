"""The state of an estimator, as the nodes and arrays of which a skops file consists.

skops' own functions say the same, and a contract test compares the two for every estimator that a spec may name. They
take ten times as long, most of it to import all of scikit-learn, and name what they write by memory address.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from ml.artifacts.model_types import LOADERS, check_type

Node = dict[str, Any]

_LOSSES = LOADERS["LossNode"]
_TREE = "sklearn.tree._tree.Tree"


class State:
    """The ``root`` node of an estimator, and the ``arrays`` that its nodes refer to, by name of their file.

    Arrays of the same bytes are one file, and shared objects have a number, both in the order in which they are met: so
    the estimator alone decides.

    Raises:
        ArtifactError: it holds something that is not on the list of types.
    """

    def __init__(self, estimator: Any) -> None:
        self._files: dict[bytes, str] = {}
        self._met: dict[int, tuple[Any, list[Node]]] = {}  # keeps every object alive, so no address is used twice
        self._writers: Mapping[type, Callable[[Any], Node]] = {
            dict: self._dict,
            list: self._list,
            tuple: self._tuple,
            np.ndarray: self._array,
            np.random.RandomState: self._random_state,
            np.random.Generator: self._generator,
        }
        self.root = self._node(estimator)
        shared = [nodes for _, nodes in self._met.values() if len(nodes) > 1]
        for number, nodes in enumerate(shared, start=1):
            for node in nodes:
                node["__id__"] = number

    @property
    def arrays(self) -> Mapping[str, bytes]:
        """The content of each file."""
        return {name: content for content, name in self._files.items()}

    def _node(self, value: Any) -> Node:
        if value is None or type(value) in (str, int, float, bool):
            # Whether two equal texts are one object is chance: plain values are never marked as shared.
            return {**_JSON, "content": json.dumps(value)}
        if isinstance(value, type):
            return _typed("TypeNode", value)
        if isinstance(value, np.dtype):
            return {**_named("DTypeNode", "numpy", "dtype"), "content": self._node(np.ndarray(0, dtype=value))}
        if type(value) is slice:
            return {**_typed("SliceNode", slice), "content": {part: getattr(value, part) for part in _SLICE}}
        node: Node = {}
        self._met.setdefault(id(value), (value, []))[1].append(node)
        node.update(self._marked(value))
        return node

    def _marked(self, value: Any) -> Node:
        """Describe a value that is marked where it is shared."""
        kind = type(value)
        if kind in self._writers:
            return self._writers[kind](value)
        if isinstance(value, np.generic):
            return self._array(value)
        name = f"{kind.__module__}.{kind.__name__}"
        if name == _TREE:
            _, arguments, state = value.__reduce__()
            return self._reduced("TreeNode", value, arguments, state)
        if name in _LOSSES:
            return self._loss(value)
        node = _typed("ObjectNode", kind)
        return {**node, "content": self._node(value.__getstate__())}

    def _dict(self, value: dict[Any, Any]) -> Node:
        content = {key.item() if isinstance(key, np.generic) else key: self._node(one) for key, one in value.items()}
        return {**_typed("DictNode", dict), "content": content, "key_types": self._list([type(key) for key in value])}

    def _list(self, value: list[Any]) -> Node:
        return {**_typed("ListNode", list), "content": [self._node(one) for one in value]}

    def _tuple(self, value: tuple[Any, ...]) -> Node:
        return {**_typed("TupleNode", tuple), "content": [self._node(one) for one in value]}

    def _array(self, value: Any) -> Node:
        node = _typed("NdArrayNode", type(value))
        if value.dtype == object:
            content = [self._node(one) for one in value.tolist()]
            return {**node, "content": content, "type": "json", "shape": self._node(value.shape)}
        content_bytes = npy(np.asarray(value))
        return {**node, "type": "numpy", "file": self._files.setdefault(content_bytes, f"{len(self._files)}.npy")}

    def _random_state(self, value: np.random.RandomState) -> Node:
        return {**_typed("RandomStateNode", type(value)), "content": self._node(value.get_state(legacy=False))}

    def _generator(self, value: np.random.Generator) -> Node:
        bits: Any = value.bit_generator
        content = {"bit_generator": self._node(bits.state), "seed_seq": self._node(bits.seed_seq.state)}
        return {**_typed("RandomGeneratorNode", type(value)), "content": content}

    def _loss(self, value: Any) -> Node:
        """A loss is rebuilt by its own class, or by Cython's unpickler, whose arguments come third."""
        constructor, arguments, *state = value.__reduce__()
        if constructor is type(value):
            return self._reduced("LossNode", value, arguments, state[0] if state else value.__getstate__() or {})
        return self._reduced("LossNode", value, () if state else arguments[2], state[0] if state else {})

    def _reduced(self, loader: str, value: Any, arguments: Any, state: Any) -> Node:
        return {
            **_typed(loader, type(value)),
            "__reduce__": {"args": self._node(arguments)},
            "content": self._node(state),
        }


@lru_cache(maxsize=512)
def _named(loader: str, module: str, name: str) -> Node:
    check_type(loader, f"{module}.{name}")
    return {"__class__": name, "__module__": module, "__loader__": loader}


def _typed(loader: str, kind: type) -> Node:
    return dict(_named(loader, kind.__module__, kind.__name__))


_SLICE = ("start", "stop", "step")
_JSON: Node = {**_named("JsonNode", "builtins", "str"), "is_json": True}


def npy(array: np.ndarray[Any, Any]) -> bytes:
    """Return what ``np.save`` would write, with the padding of records, which nobody sets, as zeros."""
    fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    if _is_padded(array.dtype):
        clean = np.zeros(array.shape, array.dtype)
        for field in array.dtype.names or ():
            clean[field] = array[field]
        array = clean
    return _header(array.dtype, array.shape, fortran) + array.tobytes("F" if fortran else "C")


@lru_cache(maxsize=512)
def _is_padded(dtype: np.dtype[Any]) -> bool:
    """Tell whether records have bytes between or behind their fields."""
    if dtype.fields is None:
        return False
    kinds = [kind for kind, *_ in dtype.fields.values()]
    return sum(kind.itemsize for kind in kinds) < dtype.itemsize or any(_is_padded(kind.base) for kind in kinds)


@lru_cache(maxsize=4096)
def _header(dtype: np.dtype[Any], shape: tuple[int, ...], fortran: bool) -> bytes:
    """Write the head of a NumPy file; most arrays of a forest have one of a few shapes."""
    buffer = io.BytesIO()
    described = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": fortran, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, described)
    return buffer.getvalue()
