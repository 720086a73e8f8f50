"""Behind a reverse proxy: what is believed of how a request came, and what is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

#: gunicorn believes none of these of anybody, not even of its own machine: what it would read from them (the scheme,
#: the path under which we are mounted) is said by PUBLIC_URL, and whom a proxy answers is read by the app itself.
NOTHING_BELIEVED: Mapping[str, str] = {"forwarded_allow_ips": "", "forwarder_headers": ""}


def as_seen(site: Callable[..., Any], public_url: str) -> Callable[..., Any]:
    """A WSGI application whose pages know by which scheme people see them, whatever a header says.

    Args:
        site: the pages.
        public_url: where people reach them; a proxy that ends TLS asks us without it all the same.
    """
    scheme = urlsplit(public_url).scheme

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        environ["wsgi.url_scheme"] = scheme
        return site(environ, start_response)

    return answer
