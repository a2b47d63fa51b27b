"""The reference of every field, written from the specs themselves: ``evergreen spec reference > docs/specs.md``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from ml.specs.json_schema import json_schema

Schema = Mapping[str, Any]

_OPENING = """\
# The spec of a model

One YAML file is one model. This page names every field; it is written from the code by `evergreen spec reference`, and
a test keeps the two equal. What has a default may be left out; the smallest spec is this:

```yaml
model: electricity
problem: {kind: classification, target: price_up}
source: {kind: file, path: "data/electricity/*.parquet"}
time: {column: ts, batch: 7d}
schedule: "@weekly"
```

- `evergreen init DATA --target COLUMN` writes a commented spec from your data.
- `evergreen spec check FILE…` names every error of a spec at once: file, line, field, what was given, what is accepted.
- `evergreen spec schema > spec.schema.json` writes the JSON Schema (draft 2020-12). With the line
  `# yaml-language-server: $schema=spec.schema.json` at the top of a spec, editors complete fields and mark errors.

A *duration* is a whole number and a unit: `s`, `m`, `h`, `d` or `w`, for example `12h`. A *moment* is an ISO 8601 date
or datetime, in UTC unless it has an offset. Unknown fields, duplicate fields, anchors, aliases and tags are refused;
`NO` is text, as in YAML 1.2. Where a field says *one of … by `kind`*, the value is a mapping whose `kind` chooses the
section below.
"""


_LONG = 160


def reference() -> str:
    """Return the whole page as Markdown."""
    schema = json_schema()
    names = list(_reached(schema, {}))
    sections = [_section("The whole spec", schema, level=2)]
    sections += [_section(_title(_definitions()[name]), _definitions()[name], level=3) for name in names]
    return "\n".join([_OPENING, *sections])


def _reached(node: Schema, seen: dict[str, None]) -> dict[str, None]:
    """Collect the definitions in the order in which a reader of the page meets them, each once."""
    found = [name for name in dict.fromkeys(_references(node)) if name not in seen]
    seen.update(dict.fromkeys(found))
    for name in found:
        _reached(_definitions()[name], seen)
    return seen


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    elif isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"].rsplit("/", 1)[1]
        for name, child in node.items():
            if name not in ("$defs", "default"):
                yield from _references(child)


def _kind(schema: Schema) -> str | None:
    kind = schema.get("properties", {}).get("kind", {}).get("const")
    return kind if isinstance(kind, str) else None


def _title(schema: Schema) -> str:
    kind = _kind(schema)
    return f"{schema['title']} (kind: {kind})" if kind else str(schema["title"])


def _anchor(name: str) -> str:
    """The anchor that GitHub and the usual Markdown renderers give to a heading."""
    return "".join(char for char in name.lower().replace(" ", "-") if char.isalnum() or char in "-_")


def _section(title: str, schema: Schema, *, level: int) -> str:
    lines = [f"{'#' * level} {title}", "", schema.get("description", "").replace("``", "`"), ""]
    required = set(schema.get("required", ()))
    lines += ["| field | value | default | meaning |", "| --- | --- | --- | --- |"]
    lines += [_row(name, field, required) for name, field in schema["properties"].items()]
    return "\n".join([*lines, ""])


def _row(name: str, field: Schema, required: set[str]) -> str:
    default = "**required**" if name in required else _default(field)
    described = field.get("description") or (_definition(field["$ref"])["description"] if "$ref" in field else "")
    meaning = described or ("Chooses this section." if name == "kind" else "")
    cells = (f"`{name}`", _value(field), default, meaning)
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _default(field: Schema) -> str:
    value = field.get("default")
    if value is None:
        return "—"
    if isinstance(value, dict) and "kind" not in value:
        return "see its section" if value else "`{}`"
    value = _written(value)
    if isinstance(value, dict) and len(json.dumps(value)) > _LONG:
        return "see the text"
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _written(value: Any) -> Any:
    """Leave out what a person would not write: fields without a value."""
    if isinstance(value, list):
        return [_written(item) for item in value]
    if isinstance(value, dict):
        return {name: _written(item) for name, item in value.items() if item is not None}
    return value


def _value(field: Schema) -> str:
    """Say in words what a value must be."""
    if "$ref" in field:
        return _link(field["$ref"])
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return "one of " + ", ".join(f"`{choice}`" for choice in field["enum"])
    for union in ("oneOf", "anyOf"):
        if union in field:
            return _union(field[union])
    return _plain(field)


def _link(reference_: str) -> str:
    definition = _definition(reference_)
    return f"[{_kind(definition) or definition['title']}](#{_anchor(_title(definition))})"


@cache
def _definitions() -> Mapping[str, Schema]:
    definitions: Mapping[str, Schema] = json_schema()["$defs"]
    return definitions


def _definition(reference_: str) -> Schema:
    return _definitions()[reference_.rsplit("/", 1)[1]]


def _union(members: list[Schema]) -> str:
    said = list(dict.fromkeys(_value(member) for member in members if member.get("type") != "null"))
    if all("$ref" in member for member in members):
        by_kind = all(_kind(_definition(member["$ref"])) for member in members)
        return "one of " + ", ".join(said) + (", by `kind`" if by_kind else "")
    return " or ".join(said)


def _plain(field: Schema) -> str:
    kind = field.get("type")
    if kind == "array":
        return _array(field)
    if kind == "object":
        return f"mapping of name to: {_value(field['additionalProperties'])}"
    if field.get("format") == "date-time":
        return "moment"
    if kind == "string" and "pattern" in field:
        return "duration"
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true` or `false`"}
    return f"{words.get(str(kind), 'any value')}{_bounds(field)}"


def _array(field: Schema) -> str:
    if "prefixItems" in field:
        return "list of " + " and ".join(_value(item) for item in field["prefixItems"])
    least = f", at least {field['minItems']}" if "minItems" in field else ""
    return f"list of {_value(field['items'])}{least}"


def _bounds(field: Schema) -> str:
    words = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    said = [f"{sign} {field[name]:g}" for name, sign in words.items() if name in field]
    if "maxLength" in field and field["maxLength"] == field.get("minLength"):
        said.append(f"{field['maxLength']} character")
    return f", {', '.join(said)}" if said else ""


def main() -> None:
    """Print the page."""
    sys.stdout.write(reference())


if __name__ == "__main__":
    main()
