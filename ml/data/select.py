"""Is a query one SELECT? Decided on its text, before any database sees it.

Read-only transactions alone are escaped by ``select 1; commit; create …``, so a second statement must never arrive.
"""

from __future__ import annotations

import re

from ml.data.source import refusal

_PARTS = re.compile(
    r"""
    (?P<comment> --[^\n]* | /\*.*?\*/ )
  | (?P<text> '(?:[^']|'')*' | "(?:[^"]|"")*" | `[^`]*` )
  | (?P<dollar> \$(?P<tag>[A-Za-z_]\w*)?\$ .*? \$(?P=tag)?\$ )
  | (?P<open> /\* | ' | " | ` )
    """,
    re.VERBOSE | re.DOTALL,
)
_FIRST = re.compile(r"\s*\(*\s*(select|with)\b", re.IGNORECASE)
_WRITES = re.compile(r"\b(insert|update|delete|merge|into|create|drop|alter|attach|pragma|copy|call)\b", re.IGNORECASE)


def check_select(query: str) -> None:
    """Refuse a query that is not a single SELECT (DV023).

    Raises:
        DataError: it has a second statement, begins with another word, or names a statement that writes.
    """
    bare = _without_texts(query).strip().removesuffix(";")
    if ";" in bare:
        raise _refused("more than one statement")
    if _FIRST.match(bare) is None:
        raise _refused(repr(bare.split(maxsplit=1)[0]) if bare.split() else "nothing")
    writes = _WRITES.search(bare)
    if writes is not None:
        raise _refused(f"the word {writes[0]!r}")


def _refused(seen: str) -> Exception:
    return refusal("DV023", "source.query", seen=seen, expected="a single SELECT")


def _without_texts(query: str) -> str:
    """Blank out comments, texts and quoted names; an unclosed one is refused."""
    kept: list[str] = []
    place = 0
    for part in _PARTS.finditer(query):
        if part["open"]:
            raise _refused(f"an unclosed {part['open']}")
        kept += [query[place : part.start()], " "]
        place = part.end()
    return "".join([*kept, query[place:]])
