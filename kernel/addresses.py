"""Which addresses of the outside world may be called when a user names them: public ones, over https. Pure.

Every form that hides where it leads is refused: other schemes and ports, user information, numbers that are not a
standard address, private, loopback, link-local, metadata and carrier-grade networks, IPv4 inside IPv6.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from kernel.errors import Invalid

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PORTS = (443, 8443)
URL_LENGTH_MAX = 2000
LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
HOST = re.compile(rf"(?=.{{4,253}}\Z)({LABEL}\.)+[a-z][a-z0-9-]{{0,61}}[a-z0-9]", re.ASCII)
NOT_PUBLIC_NAMES = frozenset(
    ("localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "private", "arpa", "onion",
     "test", "invalid", "example", "alt")
)  # fmt: skip
# beyond what ``is_global`` knows: cloud metadata, tunnels and every form that carries an IPv4 address inside IPv6
NEVER = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "100.64.0.0/10", "168.63.129.16/32", "192.0.0.0/24", "192.31.196.0/24", "192.52.193.0/24",
        "192.88.99.0/24", "192.175.48.0/24", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "::/96", "::ffff:0:0/96",
        "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2002::/16", "3fff::/20",
        "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    )
)  # fmt: skip
ISATAP = (0x00005EFE, 0x02005EFE)  # an IPv4 address stands behind these four bytes of an interface identifier


class AddressRefused(Invalid):
    """The address is not one that this platform may call."""

    code = "outbound.address_refused"
    title = "不能访问该地址"
    title_en = "This address may not be called"


@dataclass(frozen=True, slots=True)
class Admitted:
    """One network of the platform's own (with a port, or with any) that may be called although it is not public."""

    network: Network
    port: int | None

    def covers(self, address: Address, port: int) -> bool:
        """Say whether it is this network, and this port."""
        same_kind = address.version == self.network.version
        return same_kind and address in self.network and self.port in (None, port)


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect: the name or address that was given, the port, and what to ask for there."""

    host: str
    port: int
    path: str

    @property
    def literal(self) -> Address | None:
        """The address, when the host is one."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None


def refused(words: str, words_en: str) -> AddressRefused:
    """Return the refusal of an address, at its field."""
    return AddressRefused(
        words, detail_en=words_en,
        errors=[{"pointer": "/url", "code": AddressRefused.code, "message": words, "message_en": words_en}],
    )  # fmt: skip


def checked_target(url: str, *, admitted: Sequence[Admitted] = ()) -> Target:
    """Return where ``url`` leads, if its form admits a call: https, a plain host, port 443 or 8443, nothing hidden.

    A network that is admitted with a port admits that port for hosts of any name: the address decides in the end.

    Raises:
        AddressRefused: the form hides something, or the host is an address that is never called.
    """
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url or len(url) > URL_LENGTH_MAX:
        raise refused("网址只能含可见的 ASCII 字符，且不能过长；中文域名请写成 Punycode", "Only printable ASCII")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise refused("网址无法读取", "The URL cannot be read") from error
    if not url.startswith("https://"):
        raise refused("只接受 https:// 网址", "Only https:// is accepted")
    if "@" in parts.netloc or "#" in url:
        raise refused("网址不得含用户名、口令或片段", "No user information and no fragment")
    if "%" in parts.netloc or parts.netloc.endswith(":"):
        raise refused("主机名不得含百分号，端口不得为空", "No percent sign in the host and no empty port")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    target = Target((parts.hostname or "").lower(), PORTS[0] if port is None else port, path)
    _check_host(target)
    if target.port not in (*PORTS, *(one.port for one in admitted)):
        raise refused(f"端口 {target.port} 不在允许之列（443、8443）", f"Port {target.port} is not permitted")
    if target.literal is not None:
        check_address(target.literal, target.port, admitted)
    return target


def _check_host(target: Target) -> None:
    if target.literal is not None:
        return
    if not HOST.fullmatch(target.host):
        raise refused(
            f"“{target.host}”不是完整的域名；IP 地址须写成标准形式",
            "Neither a full domain name nor an address in its standard form",
        )
    if target.host.rsplit(".", maxsplit=1)[-1] in NOT_PUBLIC_NAMES:
        raise refused(f"“{target.host}”不是公网域名", "Not a public domain name")


def check_address(address: Address, port: int, admitted: Sequence[Admitted] = ()) -> None:
    """Refuse an address that is not a public one on a permitted port, unless the platform admits it.

    Raises:
        AddressRefused: private, loopback, link-local, metadata, carrier-grade NAT, multicast, reserved, a form of
            IPv6 that carries an IPv4 address, or a port that only an admitted network may use.
    """
    if any(one.covers(address, port) for one in admitted):
        return
    if port not in PORTS:
        raise refused(f"端口 {port} 不在允许之列（443、8443）", f"Port {port} is not permitted")
    hidden = isinstance(address, ipaddress.IPv6Address) and (int(address) >> 32) & 0xFFFFFFFF in ISATAP
    never = any(address.version == network.version and address in network for network in NEVER)
    if hidden or never or not address.is_global or address.is_multicast or address.is_reserved:
        raise refused(f"{address} 不是可以访问的公网地址", f"{address} is not a public address")


def checked_addresses(found: Iterable[str], port: int, admitted: Sequence[Admitted] = ()) -> list[Address]:
    """Return the addresses of a name if every one of them may be called; one that may not spoils them all.

    Raises:
        AddressRefused: there is none, or one of them may not be called.
    """
    addresses = [ipaddress.ip_address(text) for text in dict.fromkeys(found)]
    if not addresses:
        raise refused("域名没有地址", "The name has no address")
    for address in addresses:
        check_address(address, port, admitted)
    return addresses


def read_admitted(text: str) -> tuple[Admitted, ...]:
    """Read networks of the platform's own, ``10.1.2.0/24:8443, [fd00::/8]:443, 10.9.0.7/32``.

    Raises:
        ValueError: a part names no network, or a port that is none.
    """
    found = []
    for part in (one.strip() for one in text.split(",") if one.strip()):
        matched = re.fullmatch(r"\[?([0-9A-Fa-f.:]+(?:/[0-9]{1,3})?)\]?", part)
        with_port = re.fullmatch(r"(?:\[([0-9A-Fa-f:./]+)\]|([0-9./]+)):([0-9]{1,5})", part)
        if with_port:
            found.append(Admitted(ipaddress.ip_network(with_port[1] or with_port[2]), int(with_port[3])))
        elif matched:
            found.append(Admitted(ipaddress.ip_network(matched[1]), None))
        else:
            raise ValueError(f"{part} names no network")
    return tuple(found)
