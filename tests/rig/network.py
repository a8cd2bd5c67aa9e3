"""Tests speak to this machine only: a connection to any other address is refused with words."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

_connect = socket.socket.connect


class NetworkRefused(RuntimeError):
    """A test tried to leave the machine."""


def _connect_here(self: socket.socket, address: Any) -> None:
    if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_here(address[0]):
        raise NetworkRefused(f"tests must not use the network; this one tried to connect to {address}")
    _connect(self, address)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def refuse_the_network() -> None:
    """Refuse, from now on and in this process, every connection that leaves the machine."""
    socket.socket.connect = _connect_here  # type: ignore[assignment, method-assign]
