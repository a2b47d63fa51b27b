"""What pages have been answered, kept until a record of the model is added."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar, cast

from pydantic_core import to_json

from ml.views.console import list_statements as statements

if TYPE_CHECKING:
    from ml.registry import Reader

MOST_BYTES = 16 * 2**20

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Kept:
    stamp: str
    answer: object
    size: int


class Answers:
    """Remembers what views said of a model, each with the digest of the model's newest event of then.

    Every record of a model is written with an event, so that a view of a model with the same digest says the same. What
    was asked for last stays; all of it would take ``most_bytes`` as JSON. Answers do not change: threads may share one.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._lock = Lock()

    def of(
        self,
        reader: Reader,
        view: Callable[Concatenate[Reader, str, P], T],
        model: str,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Return what a view says of a model; it must say it from the model's own records alone."""
        # Before the view: where a record comes in between, the answer is newer than its stamp, and is asked again.
        stamps = reader.ask(statements.STAMPS, names=[model])
        stamp = stamps[0].stamp if stamps else None
        if stamp is None:  # not on record, or older than the chain of custody
            return view(reader, model, *args, **kwargs)
        key = (view, model, args, tuple(sorted(kwargs.items())))
        kept = self._recall(key, stamp)
        if kept is not None:
            return cast("T", kept.answer)
        answer = view(reader, model, *args, **kwargs)
        self._keep(key, _Kept(stamp, answer, len(to_json(answer, serialize_unknown=True))))
        return answer

    def _recall(self, key: Hashable, stamp: str) -> _Kept | None:
        with self._lock:
            found = self._kept.get(key)
            if found is None or found.stamp != stamp:
                return None
            self._kept.move_to_end(key)
            return found

    def _keep(self, key: Hashable, new: _Kept) -> None:
        with self._lock:
            old = self._kept.pop(key, None)
            self._bytes += new.size - (0 if old is None else old.size)
            self._kept[key] = new
            while self._bytes > self._most_bytes:
                self._bytes -= self._kept.popitem(last=False)[1].size
