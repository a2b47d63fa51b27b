"""What skops itself writes of an estimator, and what we write, in one form that can be compared."""

from __future__ import annotations

import io
import json
from collections import Counter
from typing import Any

import numpy as np
from skops.io._utils import SaveContext, get_state

from ml.artifacts.model_state import State, npy

_VALUES = ("JsonNode", "TypeNode", "DTypeNode", "SliceNode")


class _Entries(dict[str, bytes]):
    """Stands in for the archive that skops writes to."""

    def namelist(self) -> Any:
        return self.keys()

    def writestr(self, name: str, data: memoryview) -> None:
        self[name] = bytes(data)


def state_of(estimator: Any) -> Any:
    """Our state, with each array in place of its file."""
    state = State(estimator)
    return _comparable(json.loads(json.dumps(state.root)), state.arrays)


def state_of_skops(estimator: Any) -> Any:
    """skops' state in the same form."""
    entries = _Entries()
    context = SaveContext(zip_file=entries)
    root = json.loads(json.dumps(get_state(estimator, context)))
    arrays = {name: npy(np.load(io.BytesIO(content), allow_pickle=False)) for name, content in entries.items()}
    return _comparable(root, arrays)


def _comparable(root: Any, arrays: Any) -> Any:
    """Put arrays in place; number what is shared in its order, and forget the marks of all else."""
    nodes = list(_nodes(root))
    met = Counter(node["__id__"] for node in nodes if "__id__" in node and node["__loader__"] not in _VALUES)
    numbers = {mark: place for place, mark in enumerate(mark for mark, count in met.items() if count > 1)}
    for node in nodes:
        mark = node.pop("__id__", None)
        if node["__loader__"] not in _VALUES and mark in numbers:
            node["__id__"] = numbers[mark]
        if "file" in node:
            node["file"] = arrays[node["file"]]
    return root


def _nodes(value: Any) -> Any:
    if isinstance(value, dict):
        if "__loader__" in value:
            yield value
        value = value.values()
    for part in value:
        if isinstance(part, dict | list):
            yield from _nodes(part)
