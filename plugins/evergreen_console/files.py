"""The files of the page, read once: nothing else below the folder, or outside of it, can be asked for."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request, Response

_FOLDER = Path(__file__).parent / "static"
_KINDS = {".js": "text/javascript", ".svg": "image/svg+xml"}

router = APIRouter()


@dataclass(frozen=True)
class _File:
    content: bytes
    kind: str
    etag: str


@cache
def _files() -> dict[str, _File]:
    return {
        path.relative_to(_FOLDER).as_posix(): _File(
            content := path.read_bytes(), _KINDS[path.suffix], f'"{hashlib.sha256(content).hexdigest()[:24]}"'
        )
        for path in sorted(_FOLDER.rglob("*"))
        if path.suffix in _KINDS
    }


@router.get("/static/{path:path}", include_in_schema=False)
def static(path: str, request: Request) -> Response:
    """A script or a picture of the page; a browser that has it asks only whether it changed."""
    found = _files().get(path)
    if found is None:
        raise HTTPException(404, "There is no such file.")
    headers = {"ETag": found.etag, "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == found.etag:
        return Response(status_code=304, headers=headers)
    return Response(found.content, media_type=found.kind, headers=headers)
