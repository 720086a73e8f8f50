"""Who asks, as far as the line says."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from flask import request

OF_ONE_HOST_BITS = 64  # of an IPv6 address: whoever has one has all that begin so


def address() -> str:
    """The address of who asks; of IPv6 what one host has."""
    try:
        asking = ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    if isinstance(asking, IPv6Address) and asking.ipv4_mapped is None:
        return str(int(asking) >> (128 - OF_ONE_HOST_BITS))
    return str(asking)
