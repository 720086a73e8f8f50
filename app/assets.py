"""Styles, scripts and icons: packed, and kept by browsers for as long as their content stays what it is."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join
from werkzeug.wrappers import Response as AnyResponse

MARK = "v"  # of the address: it changes with the content
KEPT_S = 31_536_000
MARK_LENGTH = 12


@dataclass(frozen=True)
class Asset:
    """A file as it is sent. Nothing of a request is in it, so that packing it gives nothing away."""

    content: bytes
    packed: bytes
    mark: str
    mimetype: str


def keep_assets(app: Flask) -> None:
    """Serve an application's static files so, under addresses that name their content."""
    folder = Path(app.static_folder or "")

    def static(filename: str) -> AnyResponse:
        asset = _found(folder, filename)
        if asset is None:
            raise NotFound
        return _answer(asset)

    @app.url_defaults
    def name_content(endpoint: str, values: dict[str, Any]) -> None:
        asset = _found(folder, values["filename"]) if endpoint == "static" and MARK not in values else None
        if asset is not None:
            values[MARK] = asset.mark

    app.view_functions["static"] = static


def _answer(asset: Asset) -> AnyResponse:
    packs = request.accept_encodings["gzip"] > 0
    response = Response(asset.packed if packs else asset.content, mimetype=asset.mimetype)
    response.headers["Vary"] = "Accept-Encoding"
    if packs:
        response.headers["Content-Encoding"] = "gzip"
    if request.args.get(MARK) == asset.mark:
        response.headers["Cache-Control"] = f"public, max-age={KEPT_S}, immutable"
    else:
        response.headers["Cache-Control"] = "no-cache"
    response.set_etag(f"{asset.mark}{'-gzip' if packs else ''}")
    return response.make_conditional(request)


def _found(folder: Path, filename: str) -> Asset | None:
    path = safe_join(str(folder), filename)
    try:
        return None if path is None else _read(path, Path(path).stat().st_mtime_ns)
    except OSError:
        return None


@lru_cache(maxsize=256)
def _read(path: str, _changed_ns: int) -> Asset:
    content = Path(path).read_bytes()
    mimetype = mimetypes.guess_type(path)[0] or "application/octet-stream"
    return Asset(content, gzip.compress(content, mtime=0), hashlib.sha256(content).hexdigest()[:MARK_LENGTH], mimetype)
