"""docs/specs.md is what the code says, and names every field."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from ml.specs.model import ModelSpec
from ml.specs.reference import main, reference

PAGE = Path(__file__).parents[3] / "docs" / "specs.md"


def _models(annotation: object, seen: set[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation not in seen:
            seen.add(annotation)
            yield annotation
            for field in annotation.model_fields.values():
                yield from _models(field.annotation, seen)
        return
    for part in get_args(annotation):
        yield from _models(part, seen)


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "run: evergreen spec reference > docs/specs.md"


def test_every_field_has_a_row_in_the_section_of_its_class() -> None:
    sections = {section.split(maxsplit=1)[0]: section for section in reference().split("\n### ")[1:]}
    models = list(_models(ModelSpec, set()))
    assert len(models) > 20
    for model in models:
        section = reference() if model is ModelSpec else sections[model.__name__]
        for field in model.model_fields:
            assert f"\n| `{field}` | " in section, f"{model.__name__}.{field}"


def test_every_link_leads_to_a_heading() -> None:
    import re

    page = reference()
    anchors = {
        "".join(char for char in line.lstrip("# ").lower().replace(" ", "-") if char.isalnum() or char in "-_")
        for line in page.splitlines()
        if line.startswith("#")
    }
    links = set(re.findall(r"\]\(#([^)]+)\)", page))
    assert links
    assert links <= anchors


def test_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    main()
    assert capsys.readouterr().out == reference()
